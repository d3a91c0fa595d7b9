"""Products are shared, versioned, cited and traced by the library; the server's own answers are compared."""

import sys
from types import ModuleType

import numpy as np
import pytest
import qp
import requests
from astropy.table import Table
from pzserver import InvalidValueError, Product, PzServer
from pzserver.products.provenance import Provenance

from webui.api.openapi.provenance_examples import PROVENANCE


@pytest.fixture(scope="module")
def sources(ours: PzServer, tmp_path_factory: pytest.TempPathFactory) -> list[Product]:
    folder, found = tmp_path_factory.mktemp("actions"), []
    for name in ("One", "Two"):
        Table({"ra": [1.0, 2.0], "dec": [0.0, 1.0], "z": [0.5, 0.6]}).write(folder / f"{name}.parquet")
        upload = ours.upload(
            name,
            "redshift_catalog",
            folder / f"{name}.parquet",
            columns={"ra": "RA", "dec": "Dec", "z": "z"},
            visibility="private",
        )
        found.append(ours[upload.product_id])
    return found


def test_a_product_is_shared_with_groups_and_everybody(ours, sources):
    product, _ = sources
    for name in ("readers", "others"):
        ours.groups.create(name)

    assert product.share(groups=["readers"]).visibility == "groups"
    both = product.share(groups=["others"])
    one = product.unshare(groups=["readers"])

    assert (set(both.groups), one.groups, one.visibility) == ({"readers", "others"}, ("others",), "groups")
    assert product.share("registered").visibility == "registered"
    assert product.meta["visibility"] == "registered"
    with pytest.raises(InvalidValueError, match=r"There is no group 'nobody'|nobody"):
        product.share(groups=["nobody"])
    with pytest.raises(InvalidValueError, match="visibility, groups or users"):
        product.share()


def test_a_link_opens_a_private_product_until_it_is_revoked(sources):
    _, product = sources
    link = product.share_link(days=3, note="for Wei")

    assert (link.expires_at - link.created_at).days == 3
    assert [each.note for each in product.links] == ["for Wei"]
    assert requests.get(link.url, timeout=30).status_code == 200

    private = product.unshare()
    assert (product.links, private.visibility) == ((), "private")
    assert requests.get(link.url, timeout=30).status_code != 200


def test_a_new_version_is_a_draft_that_knows_the_old_one(sources, ours):
    product, _ = sources

    draft = product.new_version()

    assert not draft.is_published
    assert draft.metadata["previous_version"] == product.number
    ours.delete_product(draft.product_id)
    assert (product.versions.previous, product.versions.newer) == (None, ())


def test_products_are_derived_from_products_and_papers(sources):
    one, two = sources

    two.derive_from("10.1051/0004-6361/201322179")
    relations = two.derive_from(one)

    assert [(each.kind, each.target, each.product) for each in relations] == [
        ("IsDerivedFrom", "10.1051/0004-6361/201322179", None),
        ("IsDerivedFrom", one.internal_name, one.number),
    ]


@pytest.mark.parametrize(
    ("style", "begin"), [("bibtex", "@"), ("ris", "TY  - "), ("cff", "cff-version: "), ("text", "")]
)
def test_a_product_is_cited(sources, style, begin):
    cited = sources[0].cite(style)

    assert cited.startswith(begin)
    assert "One" in cited
    assert sources[0].internal_name in cited


def test_provenance_is_a_graph(sources):
    found = sources[0].provenance

    assert [node.name for node in found.activities] == ["Upload"]
    assert found.activities[0].started is not None
    (agent,) = found.agents
    assert ("wasGeneratedBy", "One", "Upload") in {(r.kind, r.source.name, r.target.name) for r in found.relations}
    assert f"One was attributed to {agent.name} as owner" in repr(found)


def test_the_example_of_the_api_is_read_and_shown():
    found = Provenance.from_json(PROVENANCE)
    shown = found._repr_html_()

    assert [node.kind for node in found.nodes] == ["entity", "activity", "agent"]
    assert [relation.kind for relation in found.relations] == [
        "wasGeneratedBy",
        "wasAttributedTo",
        "wasAssociatedWith",
    ]
    assert f'<a href="{found.entities[0].location}">VVDS final release</a>' in shown
    assert "Upload was associated with Maria M. as operator" in repr(found)
    evil = Provenance.from_json({"entity": {"x": {"prov:label": "<b>", "voprov:location": "javascript:alert()"}}})
    assert "<b>" not in evil._repr_html_()
    assert "javascript" not in evil._repr_html_()


def test_without_rail_it_is_said_how_to_install_it(sources):
    if "rail" in sys.modules:
        pytest.skip("RAIL is installed")
    with pytest.raises(ImportError, match="pip install pz-rail-base"):
        sources[0].rail()


def test_rail_gets_handles(sources, monkeypatch, ours, tmp_path):
    class Handle:
        """The constructor of RAIL's handles (rail.core.data.DataHandle)."""

        def __init__(self, tag, data=None, path=None, creator=None):
            self.tag, self.data = tag, data

    class QPHandle(Handle): ...

    rail, core, data = (ModuleType(name) for name in ("rail", "rail.core", "rail.core.data"))
    data.TableHandle, data.QPHandle = Handle, QPHandle
    for module in (rail, core, data):
        monkeypatch.setitem(sys.modules, module.__name__, module)
    grid = np.linspace(0, 3, 31)
    densities = qp.Ensemble(qp.interp, data={"xvals": grid, "yvals": np.exp(-((grid - [[0.5], [1.0]]) ** 2) / 0.02)})
    densities.write_to(str(tmp_path / "pz.hdf5"))
    upload = ours.upload("Estimates", "photoz_estimates", tmp_path / "pz.hdf5", pz_code="any", columns="guess")

    rows, ensemble = sources[0].rail(), ours[upload.product_id].rail()

    assert rows.tag == sources[0].internal_name
    np.testing.assert_array_equal(rows.data["z"], [0.5, 0.6])
    assert type(rows.data["z"]) is np.ndarray
    assert isinstance(ensemble, QPHandle)
    np.testing.assert_allclose(ensemble.data.mode(grid).ravel(), [0.5, 1.0])


def test_groups_are_made_and_managed(ours, account):
    group = ours.groups.create("team", "of this test").describe("renewed")

    assert (ours.groups["team"].description, group.managers) == ("renewed", (account.name,))
    assert ours.groups[group.number].can_manage
    with pytest.raises(InvalidValueError):
        group.add("nobody")
    group.delete()
    assert "team" not in {each.name for each in ours.groups}
