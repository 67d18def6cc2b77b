"""A proxy in front of a MongoDB server, for tests that read or change what is asked.

Thread: one for each direction of each connection; what judges requests is called by many at once.
"""

import socket
import struct
import threading

OP_MSG = 2013
HEADER_SIZE = 16


def read_exactly(connection, size):
    data = b""
    while len(data) < size:
        part = connection.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def read_message(connection):
    size = struct.unpack("<i", read_exactly(connection, 4))[0]
    return struct.pack("<i", size) + read_exactly(connection, size - 4)


def sections(body):
    """The sections of an OP_MSG's body, behind its flags: pairs of kind and bytes."""
    at = 4
    while at < len(body):
        kind = body[at]
        size = struct.unpack_from("<i", body, at + 1)[0]
        yield kind, body[at + 1 : at + 1 + size]
        at += 1 + size


def message(request, response, body):
    """An OP_MSG of this body, with its header."""
    return struct.pack("<iiii", HEADER_SIZE + len(body), request, response, OP_MSG) + body


def _pump_requests(client, server, judge):
    """`judge` says of each what the server is told, and what the client; either may be empty."""
    while True:
        forward, answer = judge(read_message(client))
        server.sendall(forward)
        client.sendall(answer)


def _pump_replies(client, server):
    while True:
        client.sendall(read_message(server))


def _guarded(work, client, server, *more):
    try:
        work(client, server, *more)
    except (EOFError, OSError):
        for connection in (client, server):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


def _accept(listener, address, judge):
    while True:
        client, _ = listener.accept()
        server = socket.create_connection(address)
        for arguments in ((_pump_requests, client, server, judge), (_pump_replies, client, server)):
            threading.Thread(target=_guarded, args=arguments, daemon=True).start()


def start(address, judge):
    """Starts the proxy on a free port, which it gives."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    threading.Thread(target=_accept, args=(listener, address, judge), daemon=True).start()
    return listener.getsockname()[1]
