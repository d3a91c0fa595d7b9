import pyarrow as pa
import pytest

from server.demo.products import DemoProduct, demo_products


@pytest.fixture(scope="session")
def demo() -> dict[str, DemoProduct]:
    """The demo products by the stem of their file's name."""
    return {product.file_name.split(".")[0]: product for product in demo_products()}


@pytest.fixture(scope="session")
def objects(demo) -> pa.Table:
    return demo["mock_lsst_objects"].table
