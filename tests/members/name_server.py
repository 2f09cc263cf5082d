"""A name server on loopback that knows the TXT records it is told, and can fall silent."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


class NameServer:
    """Answers for `records` (name → texts); every other name does not exist. While `silent` it answers nothing."""

    def __init__(self, udp: socket.socket) -> None:
        self.records: dict[str, list[str]] = {}
        self.silent = False
        self.asked: list[str] = []
        self._udp = udp
        self.address = f"127.0.0.1:{udp.getsockname()[1]}"

    def serve(self) -> None:
        """Until its socket is closed."""
        while True:
            try:
                packet, sender = self._udp.recvfrom(4096)
            except OSError:
                return
            if packet == b"stop":
                return
            question = dns.message.from_wire(packet)
            name = question.question[0].name.to_text(omit_final_dot=True)
            self.asked.append(name)
            if not self.silent:
                self._udp.sendto(self._answer(question, name).to_wire(), sender)

    def _answer(self, question: dns.message.Message, name: str) -> dns.message.Message:
        answer = dns.message.make_response(question)
        answer.flags |= dns.flags.RA
        texts = self.records.get(name)
        if texts is None:
            answer.set_rcode(dns.rcode.NXDOMAIN)
        elif question.question[0].rdtype == dns.rdatatype.TXT:
            quoted = [f'"{text}"' for text in texts]
            answer.answer.append(dns.rrset.from_text(f"{name}.", 60, "IN", "TXT", *quoted))
        return answer


@contextmanager
def name_server() -> Iterator[NameServer]:
    """One that runs inside the block."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
        udp.bind(("127.0.0.1", 0))
        server = NameServer(udp)
        thread = threading.Thread(target=server.serve, daemon=True)
        thread.start()
        yield server
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
            other.sendto(b"stop", udp.getsockname())
        thread.join(5)
