"""Reading a request's body: never more of it in memory than is allowed, however it is packed and however slow."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from starlette.requests import ClientDisconnect, Request

from lettermill.services.gateway.refusals import Refusal

GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
RAW_DEFLATE = -zlib.MAX_WBITS
MEMBERS = 16
"""Pieces of a gzip body: each costs its reader, however little it holds."""


@dataclass
class Bodies:
    """`at_a_time` bodies are read at once; more wait unread, in their senders."""

    seconds: float
    at_a_time: int
    _room: asyncio.Semaphore | None = field(default=None)

    @property
    def room(self) -> asyncio.Semaphore:
        """Held from the first byte of a body until its events are durable."""
        if self._room is None:
            self._room = asyncio.Semaphore(self.at_a_time)
        return self._room

    async def read(self, request: Request, *, max_bytes: int, too_large: int = 413) -> bytes:
        """The body, decompressed. Raises Refusal: 408 too slow, `too_large` for a plain body and 413 for a packed one
        of more than `max_bytes`, 415 packed in an unknown way, 400 torn."""
        try:
            async with asyncio.timeout(self.seconds):
                return await _read(request, max_bytes=max_bytes, too_large=too_large)
        except TimeoutError:
            raise Refusal(408, "too_slow", f"the body took longer than {self.seconds:g} s") from None
        except ClientDisconnect:
            raise Refusal(400, "torn", "the sender went away before the body ended") from None


async def _read(request: Request, *, max_bytes: int, too_large: int) -> bytes:
    packing = [each.strip().lower() for each in request.headers.get("content-encoding", "").split(",") if each.strip()]
    packing = [each for each in packing if each != "identity"]
    status = 413 if packing else too_large
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and len(announced) < 20 and int(announced) > max_bytes:
        raise _too_large(max_bytes, status)
    if not packing:
        return await _whole(request.stream(), max_bytes, status)
    if len(packing) > 1 or packing[0] not in ("gzip", "x-gzip", "deflate"):
        raise Refusal(415, "packing", "Content-Encoding may be gzip or deflate", {"Accept-Encoding": "gzip, deflate"})
    packed = await _whole(request.stream(), max_bytes, status)
    return unpacked(packed, max_bytes=max_bytes)


async def _whole(chunks: AsyncIterator[bytes], max_bytes: int, status: int) -> bytes:
    body = bytearray()
    async for chunk in chunks:
        body += chunk
        if len(body) > max_bytes:
            raise _too_large(max_bytes, status)
    return bytes(body)


def unpacked(packed: bytes, *, max_bytes: int) -> bytes:
    """What gzip (of up to MEMBERS members), zlib or raw deflate holds; not a byte more than `max_bytes` is made."""
    body, rest = bytearray(), packed
    wbits = GZIP_OR_ZLIB if _has_header(packed) else RAW_DEFLATE
    try:
        for _ in range(MEMBERS):
            unpacker = zlib.decompressobj(wbits)
            body += unpacker.decompress(rest, max_bytes + 1 - len(body))
            if len(body) > max_bytes:
                raise _too_large(max_bytes, 413)
            if not unpacker.eof:
                raise Refusal(400, "torn", "the compressed body ends early")
            rest = unpacker.unused_data.lstrip(b"\0")  # gzip may be padded
            if not rest:
                return bytes(body)
    except zlib.error:
        raise Refusal(400, "torn", "the body is not what Content-Encoding says") from None
    raise Refusal(400, "packing", f"the compressed body is in more than {MEMBERS} pieces")


def _has_header(packed: bytes) -> bool:
    is_gzip = packed[:2] == b"\x1f\x8b"
    is_zlib = len(packed) > 1 and packed[0] & 0x0F == 8 and int.from_bytes(packed[:2], "big") % 31 == 0
    return is_gzip or is_zlib


def _too_large(max_bytes: int, status: int) -> Refusal:
    return Refusal(status, "too_large", f"the body is larger than {max_bytes} bytes", {"Connection": "close"})
