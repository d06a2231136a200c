"""A web server on this machine that behaves as it is told."""

import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CERTIFICATE = Path(__file__).with_name("localhost.pem")  # signed by itself, with its key


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.server.asked.append(self.path)
        self.server.headers.append(self.headers)
        answer = self.server.pages.get(self.path)
        if answer is None:
            self.send_error(404)
        elif callable(answer):
            answer(self)
        else:
            self.whole(answer)

    def whole(self, body, claimed=None):
        """A good answer, perhaps with a wrong length."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if claimed is None else claimed))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def redirect(to):
    """Sends on."""

    def answer(request):
        request.send_response(302)
        request.send_header("Location", to)
        request.send_header("Content-Length", "0")
        request.end_headers()

    return answer


def cut(body, after):
    """Breaks off after some bytes."""

    def answer(request):
        request.whole(body[:after], claimed=len(body))
        request.close_connection = True

    return answer


def ranged(body, tag, breaks=()):
    """Answers ranges of a version of a file, and breaks off after so many bytes, once each."""
    breaks = list(breaks)

    def answer(request):
        asked = request.headers.get("Range")
        begin = 0
        if asked and request.headers.get("If-Range", tag) == tag:
            begin = int(asked.removeprefix("bytes=").removesuffix("-"))
            request.send_response(206)
            request.send_header("Content-Range", f"bytes {begin}-{len(body) - 1}/{len(body)}")
        else:
            request.send_response(200)
        request.send_header("ETag", tag)
        request.send_header("Content-Length", str(len(body) - begin))
        request.end_headers()
        end = begin + breaks.pop(0) if breaks else len(body)
        request.wfile.write(body[begin:end])
        request.close_connection = True
        request.server.sent.append((begin, min(end, len(body))))

    return answer


def dripping(body, pause):
    """Sends a byte now and then."""

    def answer(request):
        request.whole(b"", claimed=len(body))
        for byte in body:
            time.sleep(pause)
            try:
                request.wfile.write(bytes([byte]))
            except OSError:
                break
        request.close_connection = True

    return answer


def dripping_headers(pause):
    """Sends a letter of a header now and then, which never ends."""

    def answer(request):
        request.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
        with suppress(OSError):
            while True:
                time.sleep(pause)
                request.wfile.write(b"x")
        request.close_connection = True

    return answer


def endless(status=200, **headers):
    """Sends without an end."""

    def answer(request):
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.end_headers()
        with suppress(OSError):
            while True:
                request.wfile.write(bytes(1 << 16))
        request.close_connection = True

    return answer


@contextmanager
def serving(pages, *, encrypted=False, place=("127.0.0.1", 0)) -> Iterator[ThreadingHTTPServer]:
    """A server of pages by path, bytes or functions of the request.

    `asked` lists what was asked for, and `headers` with which headers. Its `url` is where it is;
    `CERTIFICATE` says so, if it is encrypted.
    """
    server = ThreadingHTTPServer(place, _Handler)
    server.daemon_threads = True
    server.pages, server.asked, server.headers, server.sent = pages, [], [], []
    server.url = f"http{'s' * encrypted}://{server.server_address[0]}:{server.server_address[1]}"
    if encrypted:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        server.socket = context.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
        server.handle_error = lambda *_: None  # whoever does not trust it hangs up
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
