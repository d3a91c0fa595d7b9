"""Long listings: streamed in blocks, in a stable order, escaped, and without nodes that the caller cannot read."""

from lxml import etree
from sqlalchemy import insert, select

from core.auth.models import ANONYMOUS
from core.auth.service import AccountService
from products.models import Visibility
from products.schema import ProductRow
from tests.vospace.client import CORE, ROOT, VOSpaceClient, checked
from vospace.documents.nodes import node_document
from vospace.home.changes import new_row
from vospace.models import Detail, Listing, Node, NodeKind, SortKey
from vospace.uris import NodeUris

COUNT = 1203
PLACE = ("home", "owner", "many")


def fill(space) -> VOSpaceClient:
    """Give the owner a container of more nodes than are read at once."""
    owner = VOSpaceClient(space.client, space.tokens["owner"])
    assert owner.make("/home/owner/many").status_code == 201
    with space.database.write() as session:
        chain = space.vospace.nodes.homes.container(session, space.owner, PLACE)
        rows = [new_row(space.owner, chain, f"n{number:04}", NodeKind.DATA) for number in range(COUNT)]
        for number, row in enumerate(rows):
            row.size, row.properties = (7 * number) % COUNT, {"title": f"<{number}> & \"more\"\r\n\t'é'"}
        session.add_all(rows)
    return owner


def test_a_long_listing_is_whole_and_in_order_whatever_it_is_sorted_by(space):
    owner = fill(space)
    names = [f"n{number:04}" for number in range(COUNT)]
    answer = owner.ask("GET", "nodes/home/owner/many")
    assert "content-length" not in answer.headers  # it is sent while it is made
    children = checked(answer.content).findall("{*}nodes/{*}node")
    assert [child.get("uri").rpartition("/")[2] for child in children] == names
    titles = [
        each.text for each in children[5].iterfind("{*}properties/{*}property") if each.get("uri") == f"{CORE}title"
    ]
    assert titles == ["<5> & \"more\"\r\n\t'é'"]
    assert owner.names("/home/owner/many", detail="min") == names
    by_size = sorted(range(COUNT), key=lambda number: (7 * number) % COUNT)
    ordered = owner.names("/home/owner/many", sort=f"{CORE}length", detail="min")
    assert ordered == [names[number] for number in by_size]
    assert owner.names("/home/owner/many", sort=f"{CORE}length", order="desc", limit=700) == ordered[::-1][:700]
    head = owner.ask("HEAD", "nodes/home/owner/many")
    assert (head.status_code, head.content) == (200, b"")


def test_what_goes_away_while_a_listing_is_read_is_left_out_and_nothing_comes_twice(space):
    owner, other = fill(space), VOSpaceClient(space.client, space.tokens["other"])
    nodes, stranger = space.vospace.nodes, AccountService(space.database).identity_of_user("other")
    children = iter(nodes.node(space.owner, PLACE, Listing(sort=SortKey.DATE, descending=True)).children)
    first = next(children)
    assert first.name == "n1202"
    owner.delete("/home/owner/many/n0000")
    owner.set("/home/owner/many/n0001", "DataNode", title="newest of all now")
    names = [first.name, *(child.name for child in children)]
    assert len(names) == len(set(names)) == COUNT - 1
    for path in ("/home/owner", "/home/owner/many"):
        owner.set(path, ispublic="true")
    assert other.names("/home/owner/many") == []
    owner.set("/home/owner/many/n0002", "DataNode", ispublic="true")
    seen = nodes.node(stranger, PLACE, Listing()).children
    assert [child.name for child in seen] == ["n0002"]
    owner.set("/home/owner/many/n0002", "DataNode", ispublic="false")
    assert [child.name for child in seen] == []


def test_products_are_listed_in_blocks_like_nodes(space):
    names = [space.product(f"p{number}", Visibility.PUBLIC).internal_name for number in range(3)]
    person = VOSpaceClient(space.client)
    with space.database.write() as session:
        like = session.scalars(select(ProductRow)).first()
        copied = {column.name: getattr(like, column.name) for column in ProductRow.__table__.columns}
        added = [{**copied, "id": number, "internal_name": f"{number}_x"} for number in range(10, 10 + COUNT)]
        session.execute(insert(ProductRow), added)
    names += [row["internal_name"] for row in added]
    for detail in ("min", "max"):
        assert person.names("/products", detail=detail) == names
        assert person.names("/products", detail=detail, limit=5, uri=f"{ROOT}/products/{names[600]}") == names[600:605]
        assert person.names("/products", detail=detail, order="desc")[:2] == names[:-3:-1]
    listed = space.vospace.nodes.node(ANONYMOUS, ("products",), Listing()).children
    assert len(listed) == len(names)
    space.products.delete(space.owner, 11)
    assert [node.name for node in listed[3:7]] == ["10_x", "12_x", "13_x"]


def test_documents_say_every_text_as_it_is():
    uris = NodeUris("example.org")
    odd = "a\"b<c>d&e'f\ufffe %é\u2028~!"
    values = {"title": odd, 'ivo://x/y?a&b<"': "\r\n\t]]>", "description": ""}
    child = Node(("home", odd), NodeKind.LINK, values, target='vos://x.org~y/a?b&c<d>"')
    node = Node(("home",), NodeKind.CONTAINER, values, (child, Node(("home", "c"), NodeKind.CONTAINER)))
    for detail in Detail:
        root = checked(b"".join(node_document(node, uris, detail)))
        link, container = root.findall("{*}nodes/{*}node")
        assert uris.path_of(link.get("uri")) == child.path
        assert link.findtext("{*}target") == child.target
        assert container.find("{*}nodes") is not None
        for element in (root, link) if detail is not Detail.MIN else ():
            told = {each.get("uri").removeprefix(CORE): each.text or "" for each in element.find("{*}properties")}
            assert told == {**values, "title": odd.replace("\ufffe", "")}


def test_the_document_of_a_node_is_one_block():
    node = Node(("home", "f"), NodeKind.DATA, {"title": "t"}, busy=True)
    (block,) = node_document(node, NodeUris("example.org"), Detail.MAX)
    assert etree.fromstring(block).get("busy") == "true"
