// Stands in tool-api's place in tests of the process driver: it runs, inside of the sandbox, whatever shell command it is
// sent, and answers with what came of it. So an attack is exactly what code in the sandbox can do.
import { execFile } from 'node:child_process';
import { rmSync } from 'node:fs';
import { createServer } from 'node:http';

const path = process.env.SANDPIPER_LISTEN.replace('unix:', '');
rmSync(path, { force: true });
createServer((request, response) => {
  let command = '';
  request.setEncoding('utf8');
  request.on('data', (text) => (command += text));
  request.on('end', () => {
    execFile('/bin/bash', ['-c', command], { timeout: 60_000, maxBuffer: 1 << 20 }, (error, stdout, stderr) => {
      response.end(JSON.stringify({ code: error ? (error.code ?? error.signal) : 0, stdout, stderr }));
    });
  });
}).listen(path);
