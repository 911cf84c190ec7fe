"""``python -m bp_research.phone`` makes the page, ``... serve [port]`` also shows it, on this computer only."""

import sys
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

from ..errors import BpResearchError
from .site import build, site_dir


def main(arguments):
    try:
        print(f"The page is in {build()}", flush=True)
    except BpResearchError as error:
        return f"{type(error).__name__}: {error}"
    if arguments[:1] == ["serve"]:
        address = ("127.0.0.1", int((arguments[1:] or ["8100"])[0]))
        with ThreadingHTTPServer(address, partial(SimpleHTTPRequestHandler, directory=site_dir())) as server:
            print(f"Open http://localhost:{server.server_port}/ on this computer; Ctrl-C ends it", flush=True)
            server.serve_forever()
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(0)
