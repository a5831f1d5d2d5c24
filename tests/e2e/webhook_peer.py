"""A webhook receiver on loopback that answers as a test says and remembers what it was sent."""

import http.server
import json
import sys
import threading
import traceback


class WebhookPeer:
    """`decide(item)` gives the status to answer with; items are kept in the order of their arrival with what was answered."""

    def __init__(self, decide=lambda item: 204, elsewhere=None):
        """`elsewhere(handler)`, when given, answers in place of a status."""
        self.decide = decide
        self.lock = threading.Condition()
        self.items = []
        self.gate = threading.Event()
        self.gate.set()
        peer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                item = {"path": self.path, "headers": dict(self.headers), "event": json.loads(body), "connection": self.client_address[1]}
                with peer.lock:
                    peer.items.append(item)
                    peer.lock.notify_all()
                peer.gate.wait()
                if elsewhere:
                    return elsewhere(self)
                item["status"] = peer.decide(item)
                self.send_response(item["status"])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.handle_error = self._tell_of_errors
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    @staticmethod
    def _tell_of_errors(*_):
        """A node that is killed breaks its connections: that is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            traceback.print_exc()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def accepted(self, path=None):
        with self.lock:
            return [item for item in self.items if item.get("status", 0) // 100 == 2 and path in (None, item["path"])]

    def wait_for_arrivals(self, count):
        with self.lock:
            if not self.lock.wait_for(lambda: len(self.items) >= count, timeout=60):
                raise AssertionError(f"gave up waiting for {count} requests")

    def close(self):
        self.gate.set()
        self.server.shutdown()
        self.server.server_close()
