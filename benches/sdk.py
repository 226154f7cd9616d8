"""CPU that the official Python SDK takes for a signed call, in microseconds.

The server is a process of its own and always gives the same answer; the SDK keeps its connection.
"""

import multiprocessing
import socket
import time

from tencentcloud.common import credential
from tencentcloud.common.profile.client_profile import ClientProfile
from tencentcloud.common.profile.http_profile import HttpProfile
from tencentcloud.ssl.v20191205 import models, ssl_client

CALLS = 2000
BODY = b'{"Response":{"TotalCount":0,"Certificates":[],"RequestId":"00000000-0000-0000-0000-000000000000"}}'
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(BODY), BODY)


def serve(listener):
    while True:
        connection, _ = listener.accept()
        waiting = b""
        while chunk := connection.recv(65536):
            waiting += chunk
            while b"\r\n\r\n" in waiting:
                head, rest = waiting.split(b"\r\n\r\n", 1)
                fields = dict(line.lower().split(b": ", 1) for line in head.split(b"\r\n")[1:])
                length = int(fields.get(b"content-length", b"0"))
                if len(rest) < length:
                    break
                waiting = rest[length:]
                connection.sendall(ANSWER)


def main():
    listener = socket.create_server(("127.0.0.1", 0))
    server = multiprocessing.get_context("fork").Process(target=serve, args=(listener,), daemon=True)
    server.start()
    http = HttpProfile(endpoint="127.0.0.1:%d" % listener.getsockname()[1], protocol="http", keepAlive=True)
    client = ssl_client.SslClient(
        credential.Credential("AKIDSANDBOX", "SANDBOXKEY"), "", ClientProfile(httpProfile=http)
    )
    request = models.DescribeCertificatesRequest()
    request.Limit = 1000
    client.DescribeCertificates(request)
    began = time.process_time()
    for _ in range(CALLS):
        client.DescribeCertificates(request)
    print(round((time.process_time() - began) / CALLS * 1e6))
    server.terminate()


main()
