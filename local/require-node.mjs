// Ends the process with one sentence when Node is too old. Plain JavaScript with nothing recent in it: an old Node has to be able to run
// this file, and it cannot parse the TypeScript beside it. npm scripts run it first; the TypeScript entry points import it as well.
import { readFileSync } from 'node:fs';

const { engines } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const needed = Number(/\d+/.exec(engines.node)[0]);
const { node: running } = process.versions;

if (Number.parseInt(running, 10) < needed) {
  process.stderr.write(
    `igskill needs Node ${needed} or newer, and ${process.execPath} is Node ${running}: install Node ${needed} (\`nvm install\` reads .nvmrc), ` +
      `or on Linux run \`npm ci\`, which brings its own Node for the npm scripts, and start this with \`npm run\`.\n`,
  );
  process.exit(1);
}
