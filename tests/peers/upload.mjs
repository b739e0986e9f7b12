// node upload.mjs ENDPOINT FILE TOKEN RECEIPT: the official tus client for JavaScript sends a sealed file; prints its URL.
import fs from 'node:fs';
import * as tus from 'tus-js-client';

const [endpoint, file, token, receipt] = process.argv.slice(2);
const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  chunkSize: 1 << 20,
  uploadSize: fs.statSync(file).size,
  headers: { authorization: `Bearer ${token}` },
  metadata: { receipt },
  retryDelays: [0, 200, 1000],
  onError: (error) => { console.error(String(error)); process.exit(1); },
  onSuccess: () => console.log(upload.url),
});
upload.start();
