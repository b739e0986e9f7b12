"""python upload.py ENDPOINT FILE TOKEN RECEIPT: the official tus client for Python sends a sealed file; prints its URL."""

import sys

from tusclient import client

endpoint, path, token, receipt = sys.argv[1:]
tus = client.TusClient(endpoint, headers={"Authorization": f"Bearer {token}"})
uploader = tus.uploader(path, chunk_size=1 << 20, metadata={"receipt": receipt}, upload_checksum=False)
uploader.upload()
print(uploader.url)
