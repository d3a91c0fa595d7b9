import pytest
from pzserver.catalogue import Catalogue
from pzserver.connections.connection import Connection
from pzserver.errors import PzServerError
from pzserver.files.product_files import ProductFiles

from tests.clients.local_server import local_server


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "..", "a\\b"])
def test_a_name_that_leads_out_of_the_folder_is_refused(tmp_path, name):
    with local_server() as server:
        connection = Connection("t", server.url)
        files = ProductFiles(connection, Catalogue(connection))

        with pytest.raises(PzServerError, match="was not saved"):
            files.save({"id": 1, "internal_name": name}, tmp_path, unpacked=True, progress=None)
    assert list(tmp_path.iterdir()) == []
