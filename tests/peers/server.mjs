// node server.mjs PORT DIR: the official tus server at /v1/uploads. It takes any consent and cannot sign an ack.
import fs from 'node:fs';
import http from 'node:http';
import { FileStore } from '@tus/file-store';
import { Server } from '@tus/server';

const [port, directory] = process.argv.slice(2);
fs.mkdirSync(directory, { recursive: true });
const tus = new Server({ path: '/v1/uploads', datastore: new FileStore({ directory }), relativeLocation: true });
http.createServer((request, response) => {
  const reply = (status, body) => request.resume().on('end', () => response.writeHead(status).end(body));
  if (request.url === '/v1/consents') reply(201, '');
  else if (request.url.endsWith('/finish')) reply(200, '{"an":"ack that nobody signed"}');
  else tus.handle(request, response);
}).listen(Number(port), '127.0.0.1', () => console.log('ready'));
