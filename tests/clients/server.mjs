// Starts the store server on an empty folder and a free port.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const program = process.env.LAUREL_STORE_SERVER
  ?? new URL('../../target/debug/examples/serve', import.meta.url).pathname;

// Options and users are the program's.
export async function start(...options) {
  const folder = await mkdtemp(join(tmpdir(), 'laurel-store-'));
  const child = spawn(program, [folder, '0', ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [port] = await once(createInterface({ input: child.stdout }), 'line');
  const ended = once(child, 'exit').then(([code]) => code);
  return {
    port: Number(port),
    ended,
    async stop() {
      child.kill('SIGINT');
      await ended;
      await rm(folder, { recursive: true });
    },
  };
}

// Runs a program to its end; what it said, and whether it succeeded.
export async function run(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'inherit'], ...options });
  let said = '';
  child.stdout.on('data', (text) => { said += text; });
  const [code] = await once(child, 'exit');
  return { code, said };
}
