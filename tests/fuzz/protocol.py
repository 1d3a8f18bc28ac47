"""Messages that no driver sends: valid ones with broken bytes, in any order."""

import random
import struct
import time

from .findings import Findings
from .wire import Gone, Hang, RawClient, error_fields, message, startup

TEXTS = [
    b"SELECT 1",
    b"SELECT $1::int + $2",
    b"SELECT $1",
    b"",
    b"SELECT generate_series(1, 1000)",
    b"BEGIN",
    b"COMMIT",
    b"CREATE TEMP TABLE IF NOT EXISTS z (a int, b text)",
    b"INSERT INTO z VALUES ($1, $2)",
    b"COPY z FROM STDIN",
    b"COPY z TO STDOUT",
    b"SELEC",
    b"SELECT * FROM z",
    b"SELECT $1::text, $2::bytea, $3::numeric, $4::timestamptz",
    b"SELECT $1::jsonb, $2::int[], $3::interval, $4::uuid",
    b"FETCH 1 FROM p",
    b"ROLLBACK",
    b"SELECT \xff",
    b";;",
    b"SELECT $1::record",
    b"SELECT $1::date, $2::time, $3::inet, $4::numeric",
    b"DECLARE p CURSOR FOR SELECT 1",
]
NAMES = [b"", b"s", b"p", b"x" * 70, b"\xff"]
CODES = b"QPBEDCSHFXdcfp?\0\xffz"


class Messages:
    """A stream of messages, the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def value(self) -> bytes:
        source = self.random
        data = source.choice(
            [
                b"1",
                b"",
                b"x",
                b"\0\0\0\1",
                b"\x80\0\0\0",
                b"{1,2}",
                b"2020-01-01",
                source.randbytes(source.randrange(24)),
                b"\0\0\0\1\0\0\0\0\0\0\0\x17\0\0\0\1\0\0\0\1\0\0\0\4\0\0\0\1",
                b'\1{"a":1}',
                b"\0\1\0\0\0\0\0\0\0\5",
                b"\xff" * 8,
            ]
        )
        return source.choice([struct.pack("!i", len(data)) + data] * 4 + [b"\xff\xff\xff\xff"])

    def valid(self) -> bytes:
        source = self.random
        name, portal = source.choice(NAMES) + b"\0", source.choice(NAMES) + b"\0"
        kind = source.choice(b"QPPBBBEEEDDCSSHFdcf")
        if kind == ord("Q"):
            return message(b"Q", source.choice(TEXTS), b"\0")
        if kind == ord("P"):
            types = [
                source.choice([0, 16, 17, 20, 23, 25, 1700, 1184, 3802, 1007, 2249, 99999])
                for _ in range(source.randrange(4))
            ]
            return message(
                b"P", name, source.choice(TEXTS), b"\0", struct.pack(f"!H{len(types)}I", len(types), *types)
            )
        if kind == ord("B"):
            values = [self.value() for _ in range(source.randrange(5))]
            formats = [source.choice([0, 1, 1, 2]) for _ in range(source.choice([0, 1, len(values)]))]
            results = [source.choice([0, 1, 1, 7]) for _ in range(source.choice([0, 1, 1, 4]))]
            return message(
                b"B",
                portal,
                name,
                struct.pack(f"!H{len(formats)}H", len(formats), *formats),
                struct.pack("!H", len(values)),
                *values,
                struct.pack(f"!H{len(results)}H", len(results), *results),
            )
        if kind == ord("E"):
            return message(b"E", portal, struct.pack("!i", source.choice([0, 0, 1, 3, -1, 2**31 - 1])))
        if kind in b"DC":
            return message(bytes([kind]), source.choice([b"S", b"P", b"Q"]), name)
        if kind == ord("F"):
            values = [self.value() for _ in range(source.randrange(3))]
            return message(
                b"F",
                struct.pack(
                    "!IHH", source.choice([1299, 177, 0, 2**31, 1318]), source.choice([0, 0, 1]), len(values)
                ),
                *values,
                b"\0\1",
            )
        if kind == ord("d"):
            return message(b"d", source.choice([b"1\tx\n", b"1", b"\\.\n", source.randbytes(20)]))
        return message(bytes([kind]), b"no\0" if kind == ord("f") else b"")

    def broken(self, data: bytes) -> bytes:
        """With a few bytes other than they should be."""
        source = self.random
        changed = bytearray(data)
        for _ in range(source.choices([1, 2, 5], [6, 3, 1])[0]):
            kind = source.randrange(7)
            place = source.randrange(len(changed)) if changed else 0
            if kind == 0 and changed:
                changed[place] = source.randrange(256)
            elif kind == 1 and changed:
                changed[place] ^= 1 << source.randrange(8)
            elif kind == 2:
                del changed[place : place + source.randint(1, 4)]
            elif kind == 3:
                changed[place:place] = source.randbytes(source.randint(1, 4))
            elif kind == 4 and len(changed) >= 5:
                struct.pack_into(
                    "!i", changed, 1, source.choice([0, 3, 4, 5, len(changed) + 3, 2**31 - 1, -1, 1 << 20])
                )
            elif kind == 5 and changed:
                changed[0] = source.choice(CODES)
            elif len(changed) > 5:  # a changed body in a right frame
                place = source.randrange(5, len(changed))
                changed[place:place] = source.randbytes(2)
                struct.pack_into("!i", changed, 1, len(changed) - 1)
        return bytes(changed)


def fuzz_messages(host: str, port: int, count: int, seed: int, findings: Findings) -> dict[str, int]:
    """Send so many messages over many connections; how many errors came by SQLSTATE."""
    source = Messages(seed)
    chance = source.random
    states: dict[str, int] = {}
    sent = 0
    while sent < count:
        batch = [source.valid() for _ in range(chance.randint(1, 25))]
        batch = [source.broken(data) if chance.random() < 0.25 else data for data in batch]
        sent += len(batch)
        with RawClient(host, port, 10) as client:
            try:
                if chance.random() < 0.05:
                    client.send(source.broken(startup()))
                else:
                    client.login(statement_timeout="2000")
                _exchange(client, batch, chance, states, findings)
            except Gone:
                pass
            except Hang as error:
                findings.add(f"HANG: {error}", repr(batch))
        if chance.random() < 0.1:
            _check(host, port, batch, findings)
    _check(host, port, [], findings)
    return states


def _exchange(
    client: RawClient, batch: list[bytes], chance: random.Random, states: dict[str, int], findings: Findings
) -> None:
    """Everything at once or in pieces; what comes back within a moment is looked at."""
    data = b"".join(batch) + message(b"S")
    while data:
        size = len(data) if chance.random() < 0.7 else chance.randint(1, 100)
        client.send(data[:size])
        data = data[size:]
    if chance.random() < 0.2:
        return  # hang up without reading
    deadline = time.monotonic() + 0.02
    try:
        while True:
            tag, body = client.receive(deadline)
            if tag == b"E":
                fields = error_fields(body)
                state = fields.get("C", "?")
                states[state] = states.get(state, 0) + 1
                if state == "XX000":
                    findings.add(fields.get("M", ""), repr(batch))
            if tag == b"Z":
                deadline = time.monotonic() + 0.003
    except Hang:
        return  # a broken length makes the server wait for more, as it must


def _check(host: str, port: int, batch: list[bytes], findings: Findings) -> None:
    """The server still answers others."""
    try:
        with RawClient(host, port, 10) as client:
            client.login()
            client.send(message(b"Q", b"SELECT 1\0"))
            client.until_ready()
    except (Hang, Gone, OSError) as error:
        findings.add(f"THE SERVER DOES NOT ANSWER: {error}", repr(batch))
