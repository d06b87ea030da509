"""A campaign with a slot and a library with its blocks, as files."""

from tests.cli.test_campaign_check import CAMPAIGN, FILES

SLOTS = """slots:
  hero:
    blocks:
      - {block: hero_loyal, when: "orders > 3"}
      - {block: hero_new}
"""
BLOCK = "description: A hero\ninputs: {first_name: string}\n"
WHOLE = {
    "spring/campaign.yml": CAMPAIGN + SLOTS,
    **{f"spring/{file}": text for file, text in FILES.items() if file != "campaign.yml"},
    "spring/body.html.j2": FILES["body.html.j2"].replace("<title>", "{% include 'slots/hero.html.j2' %}\n<title>"),
    "_blocks/hero_loyal/block.yml": BLOCK,
    "_blocks/hero_loyal/html.j2": "<p>Thanks{% if first_name %}, {{ first_name }}{% endif %}</p>\n",
    "_blocks/hero_new/block.yml": "description: A hero\n",
    "_blocks/hero_new/html.j2": "<p>Hello</p>\n",
}
