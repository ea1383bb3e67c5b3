"""A mail server that stores nothing. It prints its address and each accepted message on standard output, as a line of
JSON. A client must log in as `eovr` to send. The server ends when its standard input closes.
"""

import email
import email.policy
import json
import sys

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult


class Mailbox:
    async def handle_DATA(self, server, session, envelope):
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        told = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "subject": message["subject"],
            "text": message.get_content(),
        }
        print(json.dumps(told), flush=True)
        return "250 taken"

    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("unknown"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"


def known(server, session, envelope, mechanism, data):
    return AuthResult(success=data.login == b"eovr" and data.password == b"for tests only")


port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
controller = Controller(
    Mailbox(), hostname="127.0.0.1", port=port, authenticator=known, auth_required=True, auth_require_tls=False,
    ready_timeout=30,
)
if port == 0:
    # The controller connects to itself to check that it is up, so it needs its address.
    import socket

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        controller.port = free.getsockname()[1]
controller.start()
print(f"listening on {controller.port}", flush=True)
sys.stdin.read()
controller.stop()
