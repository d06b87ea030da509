"""E-mails as a page may show them: nothing is loaded from a network, and no link leads away."""

import re
from base64 import b64encode
from collections.abc import Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

SOURCE = re.compile(r"""\bsrc=(["'])https?://[^"']*?/([^/"'?#]+)(?:[?#][^"']*)?\1""")
TYPES = {"png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "gif": "image/gif", "svg": "image/svg+xml"}


def data_uri(name: str, content: bytes) -> str:
    """An image as a data URI; its type is told by the ending of its name."""
    kind = TYPES.get(name.rpartition(".")[2].lower(), "application/octet-stream")
    return f"data:{kind};base64,{b64encode(content).decode()}"


def self_contained(html: str, *, images: Mapping[str, str]) -> str:
    """An e-mail's HTML whose pictures are `images` (file name -> data URI) instead of addresses on a network.

    A picture that is not among them keeps its address, which the page's security policy does not load. In a sandboxed
    frame a link to a new window goes nowhere, so all links are made such.
    """

    def embedded(found: re.Match[str]) -> str:
        quote, name = found.groups()
        return f"src={quote}{images[name]}{quote}" if name in images else found.group(0)

    unlinked = re.sub(r"<head(\s[^>]*)?>", lambda found: f'{found.group(0)}<base target="_blank">', html, count=1)
    return SOURCE.sub(embedded, unlinked)


def sample_contexts(contexts: DataFrame, *, locale: str, by: str = "segment") -> DataFrame:
    """One context per value of the input `by`: in `locale` if there is one, with as much to show as there is (coupon,
    name, different pictures), then by message id."""
    inputs = contexts.select("inputs.*").columns
    telling = [F.col("locale") != locale]
    telling += [F.col(f"inputs.{name}").isNull() for name in ("coupon", "first_name") if name in inputs]
    if "picks" in inputs:
        telling.append(-F.size(F.array_distinct("inputs.picks.image")))
    kind = Window.partitionBy(f"inputs.{by}").orderBy(*telling, "message_id")
    return (
        contexts.withColumn("kind", F.col(f"inputs.{by}"))
        .withColumn("place", F.row_number().over(kind))
        .where("place = 1")
        .drop("place")
    )
