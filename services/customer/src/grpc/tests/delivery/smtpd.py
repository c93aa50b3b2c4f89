"""A mail server for tests: prints its port, then every mail that it took as a line of JSON.

Its argument says how connections are protected: `none`, `starttls` or `implicit`. The recipient's
name says how it behaves: `busy` and `unknown` are refused for now and for good, `broken` loses the
connection once it has the mail.
"""

import json
import ssl
import sys
import time
from pathlib import Path

from aiosmtpd.controller import Controller

HERE = Path(__file__).parent


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("busy@"):
            return "451 4.3.0 Come back later"
        if address.startswith("unknown@"):
            return "550 5.1.1 No such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        mail = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "content": envelope.content.decode("utf-8", "replace"),
            "tls": server.transport.get_extra_info("sslcontext") is not None,
        }
        print(json.dumps(mail), flush=True)
        if envelope.rcpt_tos[0].startswith("broken@"):
            server.transport.abort()
        return "250 OK"


class AnyPort(Controller):
    def _trigger_server(self):
        """The base class connects to the port it was given; ours is chosen by the system."""
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def protection(kind):
    """What the server has to be told, so that its connections are protected so."""
    if kind == "none":
        return {}
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(HERE / "smtpd.crt.pem", HERE / "smtpd.key.pem")
    if kind == "implicit":
        return {"ssl_context": tls}
    return {"tls_context": tls, "require_starttls": True}


kind = sys.argv[1] if len(sys.argv) > 1 else "none"
controller = AnyPort(
    Handler(), hostname="127.0.0.1", port=0, enable_SMTPUTF8=True, **protection(kind)
)
controller.start()
print(controller.port, flush=True)
# Ends with the test: its standard input closes then.
sys.stdin.read()
time.sleep(0)
controller.stop()
