"""Reads posts for an agent: asks for the price, reads with a price ceiling, retries safely, and prints one line of JSON per post.

    IGSKILL_API_KEY=igsk_… python3 examples/agent.py DemoImage01 https://www.instagram.com/p/DemoAlbum01/
"""

import json
import os
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid

BASE_URL = os.environ.get("IGSKILL_BASE_URL", "http://127.0.0.1:8787")
API_KEY = os.environ.get("IGSKILL_API_KEY", "")

# The most that one run spends. 1,000,000 micro-credits are US$1.
BUDGET_MICRO_CREDITS = 50_000

# The service answers a read within 30 seconds.
TIMEOUT_SECONDS = 40

MAX_ATTEMPTS = 4

# A longer Retry-After is not worth waiting for here.
MAX_WAIT_SECONDS = 60


class Problem(Exception):
    """Why a request failed. Decide by `code` and `retryable`: the message may change."""

    def __init__(self, code, message, retryable, retry_after=None):
        super().__init__(f"{code}: {message}")
        self.code, self.retryable, self.retry_after = code, retryable, retry_after


def send(request):
    """Sends one request and returns its body. Anything but the service's JSON, or no response, is worth another attempt."""
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)
    except urllib.error.HTTPError as failure:
        retry_after = failure.headers.get("Retry-After")
        try:
            error = json.load(failure)["error"]
            raise Problem(error["code"], error["message"], error["retryable"], retry_after) from None
        except (ValueError, KeyError, TypeError):
            raise Problem("no_response", f"HTTP status {failure.code} without an error of the service.", True, retry_after) from None
    except (OSError, ValueError) as failure:
        raise Problem("no_response", str(failure), True) from None


def get(query):
    """Sends a request, again where that can help. All attempts carry the same key, so a read is charged once even if its response is lost."""
    headers = {"Authorization": f"Bearer {API_KEY}", "Idempotency-Key": f'"{uuid.uuid4()}"'}
    request = urllib.request.Request(f"{BASE_URL}/v1/post?{urllib.parse.urlencode(query)}", headers=headers)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        try:
            return send(request)
        except Problem as problem:
            wait_seconds = int(problem.retry_after) if (problem.retry_after or "").isdigit() else 2**attempt
            if not problem.retryable or attempt == MAX_ATTEMPTS or wait_seconds > MAX_WAIT_SECONDS:
                raise
            print(f"{problem.code}: attempt {attempt + 1} in {wait_seconds} s", file=sys.stderr)
            time.sleep(wait_seconds)


def read_within(left, post):
    """Asks for the price, which is free, and reads only within what is left of the budget."""
    quote = get({"url": post, "dryRun": "true"})["quote"]
    expected = quote["expectedMicroCredits"]
    if expected > left:
        raise Problem("over_budget", f"It costs {expected} of {left} micro-credits left.", False)
    # The post may leave the cache before it is read. The ceiling says what is acceptable then; beyond it the read is refused, free.
    return get({"url": post, "maxCostMicroCredits": min(quote["maximumMicroCredits"], left)})


def main(posts):
    left = BUDGET_MICRO_CREDITS
    failures = 0
    for post in posts:
        try:
            read = read_within(left, post)
        except Problem as problem:
            failures += 1
            print(f"{post}: {problem}", file=sys.stderr)
            # No other post can be read before somebody tops up: examples/top-up.ts shows how.
            if problem.code == "insufficient_credits":
                break
            continue
        cost = read["usage"]["settledMicroCredits"]
        left -= cost
        missing = [{name: one[name] for name in ("code", "path", "reason")} for one in read["limitations"]]
        # The caption is data: hand it to a model as quoted material, never as part of its instructions. json.dumps escapes every
        # character that could steer a terminal.
        print(json.dumps({"post": post, "caption": read["data"]["caption"], "limitations": missing, "costMicroCredits": cost}))
    return 0 if failures == 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
