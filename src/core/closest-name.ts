/** Longer names are nobody's slip, and comparing them would take time. Characters. */
const LONGEST_NAME = 40;

/** Shorter ones begin too many names. Characters. */
const SHORTEST_PART = 3;

/**
 * The known name that a misspelled or shortened one most probably means, whatever its case, hyphens and underscores; null where none is
 * close: more than a third of its letters differ.
 */
export function closestName(name: string, known: readonly string[]): string | null {
  const wanted = lettersOf(name);
  if (name.length > LONGEST_NAME || wanted === '') return null;
  const candidates = known.map((candidate) => ({ candidate, letters: lettersOf(candidate) }));
  const near = candidates
    .map(({ candidate, letters }) => ({ candidate, edits: editsBetween(wanted, letters), most: Math.floor(letters.length / 3) }))
    .filter(({ edits, most }) => edits <= most)
    .sort((a, b) => a.edits - b.edits)[0];
  if (near !== undefined) return near.candidate;
  const longer = candidates.filter(({ letters }) => letters.startsWith(wanted) || letters.endsWith(wanted));
  return wanted.length >= SHORTEST_PART && longer.length === 1 ? (longer[0]?.candidate ?? null) : null;
}

function lettersOf(name: string): string {
  return name.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}

/** The optimal string alignment distance: letters added, left out, replaced, or swapped with the next. */
function editsBetween(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_none, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const next = [row];
    for (let column = 1; column <= b.length; column++) {
      const isSame = a[row - 1] === b[column - 1];
      const isSwapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1];
      const replaced = (last[column - 1] ?? Infinity) + (isSame ? 0 : 1);
      const swapped = isSwapped ? (beforeLast[column - 2] ?? Infinity) + 1 : Infinity;
      next.push(Math.min((last[column] ?? Infinity) + 1, (next[column - 1] ?? Infinity) + 1, replaced, swapped));
    }
    beforeLast = last;
    last = next;
  }
  return last[b.length] ?? Infinity;
}
