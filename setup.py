"""Builds the wheel; what it is stands in pyproject.toml. The sample campaigns travel in it as package data."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages("src"), "lettermill.sample_campaigns"],
    package_dir={"": "src", "lettermill.sample_campaigns": "campaigns"},
    package_data={
        "lettermill": ["conf/*.yml", "conf/mappings/*.yml", "py.typed"],
        "lettermill.monitoring": ["*.j2"],
        "lettermill.rendering.diff": ["*.j2"],
        "lettermill.rendering.preview": ["*.j2"],
        "lettermill.rendering.preflight": ["*.j2"],
        "lettermill.services.gateway": ["*.j2"],
        "lettermill.sample_campaigns": ["**/*"],
    },
)
