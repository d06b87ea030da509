"""Parameters on a mail's links (utm_source and the like), written into its template when that is loaded.

An address that data begins gets its parameters by the filter `with_query`, every other one here, once.
"""

import re
from collections.abc import Mapping
from html import unescape
from urllib.parse import urlencode

from lettermill.errors import TemplateError
from lettermill.rendering.inlining import HELD, hold_tags

LINK = re.compile(r"<(?:a|area)(?=\s)(?:\"[^\"]*\"|'[^']*'|[^'\">])*>", re.IGNORECASE)
HREF = re.compile(r"(?P<before>\shref\s*=\s*)(?P<quote>[\"'])(?P<address>.*?)(?P=quote)", re.IGNORECASE | re.DOTALL)
OFF = re.compile(r"\s+data-parameters\s*=\s*(?:\"off\"|'off')", re.IGNORECASE)
WEB = re.compile(r"\s*(?:https?://|\ue000)", re.IGNORECASE)  # what data begins is taken for an address of the web
OUTPUT = re.compile(r"\{\{(?P<open>[-+]?)(?P<value>.*?)(?P<close>[-+]?)\}\}", re.DOTALL)


def with_parameters(
    source: str, parameters: Mapping[str, str], *, file: str, call: str = "({value}) | with_query('{query}')"
) -> str:
    """The html template with `parameters` on the address of every link to the web.

    Left alone are links with `data-parameters="off"`, which goes, such as the one to unsubscribe; addresses of another
    scheme and within the page. An address that has a parameter already keeps its own. Raises TemplateError where
    control tags stand in an address of the web. `call` is how the template's language calls the filter.
    """
    held: list[str] = []

    def link(match: re.Match[str]) -> str:
        tag = match.group()
        if OFF.search(tag):
            return OFF.sub("", tag)
        return HREF.sub(href, tag, count=1) if parameters else tag

    def href(match: re.Match[str]) -> str:
        address = _with(match["address"], parameters, held, file=file, call=call)
        return f"{match['before']}{match['quote']}{address}{match['quote']}"

    written = LINK.sub(link, hold_tags(source, held, file=file))
    return HELD.sub(lambda match: held[int(match[1])], written)


def _with(address: str, parameters: Mapping[str, str], held: list[str], *, file: str, call: str) -> str:
    """An address of the template with the parameters; `held` are the tags that placeholders in it stand for."""
    whole = HELD.fullmatch(address.strip())
    if whole and (output := OUTPUT.fullmatch(held[int(whole[1])])):
        query = urlencode(parameters)
        called = call.format(value=output["value"].strip(), query=query)
        held.append(f"{{{{{output['open']} {called} {output['close']}}}}}")
        return f"\ue000{len(held) - 1}\ue001"
    if not WEB.match(address):
        return address
    if any(not OUTPUT.fullmatch(held[int(tag)]) for tag in HELD.findall(address)):
        mend = 'put the tags around the whole link, or give the link data-parameters="off"'
        raise TemplateError("an address that gets parameters has control tags in it", place=file, mend=mend)
    plain, mark, fragment = address.partition("#")
    present = {pair.partition("=")[0] for pair in unescape(plain).partition("?")[2].split("&")}
    query = urlencode({name: value for name, value in parameters.items() if name not in present})
    joint = "&amp;" if "?" in plain else "?"
    return plain + (joint + query.replace("&", "&amp;") if query else "") + mark + fragment
