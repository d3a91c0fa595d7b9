"""Files of a product whose names are taken."""

from pathlib import Path

import pytest

from core.database import Database
from core.errors import ConflictError
from core.files import FolderStore
from products.files.product_files import ProductFiles
from products.models import FileRole, Product
from products.product_types import product_type_by_name
from products.service import NewProduct, ProductService
from tests.products.conftest import People


@pytest.fixture
def files(database: Database, tmp_path: Path) -> ProductFiles:
    return ProductFiles(database, FolderStore(tmp_path / "files", tmp_path / "staging"), max_bytes=1000)


def _sent(files: ProductFiles, people: People, product: Product, role: FileRole, name: str, content: bytes) -> str:
    with files.stage(people.owner, product.id, role) as staging:
        staging.write(content)
        stored = staging.finish()
    return files.add_file(people.owner, product.id, role, name, stored, is_renamed=True).name


def test_files_of_one_name_get_numbers_and_keep_their_bytes(
    database: Database, files: ProductFiles, people: People, tmp_path: Path
):
    service = ProductService(database)
    product = service.create(people.owner, NewProduct("A model", product_type_by_name("other").id))
    _sent(files, people, product, FileRole.MAIN, "notes.tar.gz", b"main")
    sent = [
        _sent(files, people, product, role, name, f"{number}".encode())
        for number, (role, name) in enumerate(
            [
                (FileRole.AUXILIARY, "notes.tar.gz"),
                (FileRole.DESCRIPTION, "notes.tar.gz"),
                (FileRole.AUXILIARY, "notes_2.tar.gz"),
                (FileRole.AUXILIARY, "README"),
                (FileRole.AUXILIARY, "README"),
            ]
        )
    ]
    assert sent == ["notes_2.tar.gz", "notes_3.tar.gz", "notes_2_2.tar.gz", "README", "README_2"]
    stored = {file.name: file.stored_id for file in service.details(people.owner, product.id).files}
    store = FolderStore(tmp_path / "files", tmp_path / "staging")
    assert [b"".join(store.read(stored[name])) for name in ("notes.tar.gz", *sent)] == [b"main", *b"0 1 2 3 4".split()]


def test_a_main_file_is_never_renamed(database: Database, files: ProductFiles, people: People):
    product = ProductService(database).create(people.owner, NewProduct("x", product_type_by_name("other").id))
    _sent(files, people, product, FileRole.AUXILIARY, "a.pkl", b"1")
    with pytest.raises(ConflictError, match=r"already has a file named 'a\.pkl'"):
        _sent(files, people, product, FileRole.MAIN, "a.pkl", b"2")
