"""Reading a request's body: never more of it in memory than is allowed, however it is packed and however slow."""

import asyncio
import zlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from starlette.requests import ClientDisconnect, Request

from lettermill.services.gateway.refusals import Refusal

GZIP_OR_ZLIB = zlib.MAX_WBITS | 32
RAW_DEFLATE = -zlib.MAX_WBITS
SMALL = 64 * 1024
"""Bytes of a body that needs no place."""
MEMBERS = 16
"""Pieces of a gzip body: each costs its reader, however little it holds."""


@dataclass
class Bodies:
    """Small bodies are read as they come. A larger one needs one of `at_a_time` places, so that those who send slowly
    keep nobody waiting but each other."""

    seconds: float
    at_a_time: int
    _places: asyncio.Semaphore | None = None

    @asynccontextmanager
    async def reading(self, request: Request, *, max_bytes: int, too_large: int = 413) -> AsyncIterator[bytes]:
        """The body, decompressed; leave the block when its events are durable.

        Raises Refusal: 408 too slow (to be sent, or for a place), `too_large` for a plain body and 413 for a packed
        one of more than `max_bytes`, 415 packed in an unknown way, 400 torn.
        """
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self.seconds):
                    body = await self._read(request, held, max_bytes=max_bytes, too_large=too_large)
            except TimeoutError:
                raise Refusal(408, "too_slow", f"the body took longer than {self.seconds:g} s") from None
            except ClientDisconnect:
                raise Refusal(400, "torn", "the sender went away before the body ended") from None
            yield body

    async def _read(self, request: Request, held: AsyncExitStack, *, max_bytes: int, too_large: int) -> bytes:
        is_packed = _is_packed(request.headers.get("content-encoding", ""))
        status = 413 if is_packed else too_large
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and len(announced) < 20 and int(announced) > max_bytes:
            raise _too_large(max_bytes, status)
        body, has_place = bytearray(), False
        async for chunk in request.stream():
            body += chunk
            if len(body) > max_bytes:
                raise _too_large(max_bytes, status)
            if len(body) > SMALL and not has_place:
                has_place = await self._take_place(held)
        if not is_packed:
            return bytes(body)
        if not has_place:
            await self._take_place(held)
        return unpacked(bytes(body), max_bytes=max_bytes)

    async def _take_place(self, held: AsyncExitStack) -> bool:
        if self._places is None:  # made where the loop runs
            self._places = asyncio.Semaphore(self.at_a_time)
        await held.enter_async_context(self._places)
        return True


def _is_packed(encoding: str) -> bool:
    """Whether a body has to be unpacked. Raises Refusal (415) for a way, or ways in one another, that are not taken."""
    packing = [each.strip().lower() for each in encoding.split(",")]
    packing = [each for each in packing if each not in ("", "identity")]
    if packing and (len(packing) > 1 or packing[0] not in ("gzip", "x-gzip", "deflate")):
        raise Refusal(415, "packing", "Content-Encoding may be gzip or deflate", {"Accept-Encoding": "gzip, deflate"})
    return bool(packing)


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
