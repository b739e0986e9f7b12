"""An HTTP proxy that knows CONNECT and nothing else, and wants a password: for tests only.

In: address, port, and the value of Proxy-Authorization that it wants. Out: "ready", then a line for each connection it made; tunnels.
"""

import socket
import sys
import threading


def pump(source, target):
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass


def serve(client, wanted):
    head = b""
    while b"\r\n\r\n" not in head and len(head) < 16384:
        data = client.recv(4096)
        if not data:
            return
        head += data
    lines = head.split(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    given = [line.split(": ", 1)[1] for line in lines if line.lower().startswith("proxy-authorization: ")]
    if words[0] != "CONNECT":
        client.sendall(b"HTTP/1.1 405 Method Not Allowed\r\ncontent-length: 0\r\n\r\n")
        client.close()
    elif given != [wanted]:
        client.sendall(b'HTTP/1.1 407 Proxy Authentication Required\r\nproxy-authenticate: Basic realm="test"\r\ncontent-length: 0\r\n\r\n')
        client.close()
    else:
        host, port = words[1].rsplit(":", 1)
        try:
            server = socket.create_connection((host, int(port)), timeout=10)
        except OSError:
            client.sendall(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")
            client.close()
            return
        server.settimeout(None)
        client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        print(words[1], flush=True)
        threading.Thread(target=pump, args=(server, client), daemon=True).start()
        pump(client, server)


def main():
    address, port, wanted = sys.argv[1:]
    listener = socket.create_server((address, int(port)))
    print("ready", flush=True)
    while True:
        client, _ = listener.accept()
        threading.Thread(target=serve, args=(client, wanted), daemon=True).start()


main()
