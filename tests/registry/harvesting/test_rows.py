"""Records of other registries become the rows that RegTAP 1.1 says."""

import pytest
from lxml import etree

from registry.documents.voresource import resource_element
from registry.harvesting.rows import harvested_rows
from registry.regtap.rows import registry_rows
from registry.service import RecordService
from tap.metadata.registry_columns import REGISTRY_COLUMNS
from tests.registry.conftest import Catalogue

#: A record as older registries write them: other prefixes, a table outside of schemas, parameters, and validation.
_FOREIGN = b"""<r:Resource xmlns:r="http://www.ivoa.net/xml/RegistryInterface/v1.0"
    xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:data="http://www.ivoa.net/xml/VODataService/v1.0"
    xmlns:old="http://www.ivoa.net/xml/SIA/v1.1" created="2010-02-03T04:05:06+02:00" updated="2011-01-01"
    status="active" xsi:type="data:CatalogService">
  <validationLevel validatedBy="ivo://Other.org/Registry">2</validationLevel>
  <title> Plates
    of the sky </title>
  <shortName>PLATES</shortName>
  <identifier>ivo://Other.org/Plates</identifier>
  <altIdentifier>doi:10.1234/PLATES</altIdentifier>
  <curation>
    <publisher ivo-id="ivo://Other.org/Org">Observatory</publisher>
    <creator><name>Leavitt, H.</name><logo>http://other.org/l.png</logo></creator>
    <creator><name ivo-id="ivo://Other.org/Cannon">Cannon, A.</name></creator>
    <contributor>Fleming, W.</contributor>
    <date role="Created">2009-12-31</date>
    <date>no date</date>
    <version>2.1</version>
    <contact><name>Desk</name><address>Garden St 60</address><email>desk@other.org</email>
      <telephone>1</telephone></contact>
  </curation>
  <content>
    <subject>Galaxies</subject><subject>Galaxies</subject><subject>plates</subject>
    <description>Scans.</description>
    <source format="BibCode">1908AnHar..60...87L</source>
    <referenceURL>http://other.org/plates</referenceURL>
    <type>Survey</type><type>Archive</type>
    <contentLevel>Research</contentLevel>
    <relationship><relationshipType>Derived-From</relationshipType>
      <relatedResource ivo-id="ivo://Other.org/Raw">Raw</relatedResource></relationship>
  </content>
  <rights rightsURI="https://spdx.org/licenses/CC0-1.0.html">free</rights>
  <capability xsi:type="old:SimpleImageAccess" standardID="ivo://ivoa.net/std/SIA">
    <validationLevel validatedBy="ivo://Other.org/Registry">3</validationLevel>
    <description>Images</description>
    <interface xsi:type="data:ParamHTTP" role="std" version="1.0">
      <accessURL use="base">http://other.org/sia?</accessURL>
      <mirrorURL>http://m1.org/sia?</mirrorURL><mirrorURL>http://m2.org/sia?</mirrorURL>
      <securityMethod/><securityMethod standardID="ivo://ivoa.net/sso#BasicAA"/>
      <queryType>GET</queryType><queryType>POST</queryType>
      <resultType>application/x-votable+xml</resultType>
      <param std="true" use="required"><name>POS</name><description>Position</description><unit>deg</unit>
        <ucd>POS.EQ</ucd><dataType arraysize="2">real</dataType></param>
      <testQueryString>POS=1,2&amp;SIZE=1</testQueryString>
    </interface>
    <interface xsi:type="vr:WebBrowser" xmlns:vr="http://www.ivoa.net/xml/VOResource/v1.0">
      <accessURL use="full">http://other.org/form</accessURL>
      <securityMethod standardID="ivo://ivoa.net/sso#BasicAA"/></interface>
    <imageServiceType>Pointed</imageServiceType>
    <maxRecords>500</maxRecords>
    <testQuery><pos><long>10</long><lat>-5</lat></pos></testQuery>
  </capability>
  <facility ivo-id="ivo://Other.org/Scope">Telescope</facility>
  <coverage><spatial>8/0-3</spatial><spatial>no moc</spatial><temporal>50000 51000.5</temporal>
    <temporal>late</temporal><spectral>1e-19 +inf</spectral><spectral>nan 1</spectral>
    <waveband>Optical</waveband><waveband>UV</waveband><regionOfRegard>0.5</regionOfRegard></coverage>
  <table role="out"><name>Plates.Main</name><utype>Obs:Main</utype>
    <column std="false"><name>RA</name><ucd>POS.EQ.RA</ucd><dataType xsi:type="vs:VOTableType" arraysize="1"
      xmlns:vs="http://www.ivoa.net/xml/VODataService/v1.1">double</dataType><flag>indexed</flag><flag>Primary</flag>
      </column></table>
</r:Resource>"""


def _rows(table: str) -> list[dict[str, object]]:
    found = [dict(row) for row in harvested_rows(table, etree.fromstring(_FOREIGN))]
    columns = {column.name for column in REGISTRY_COLUMNS[table]}
    for row in found:
        assert row.keys() <= columns, table
        assert row.pop("ivoid") == "ivo://other.org/plates"
    return [{name: value for name, value in row.items() if value is not None} for row in found]


@pytest.mark.parametrize("table", REGISTRY_COLUMNS)
def test_records_of_this_server_have_the_same_rows_when_others_harvest_them(
    table: str, catalogue: Catalogue, records: RecordService
):
    attribution = {"references": ["2018MNRAS.473.2655H"], "license": "CC-BY-4.0"}
    catalogue.publish("Deep é survey", description="Two.\n\nParagraphs", attribution=attribution)

    made, expected = [], []
    for record in records.records():
        element = etree.fromstring(etree.tostring(resource_element(record)))
        made += [_compared(row) for row in harvested_rows(table, element)]
        expected += [_compared(row) for row in registry_rows(table, record)]

    assert sorted(made) == sorted(expected)
    assert made or table in {"validation", "intf_param", "relationship"}


def _compared(row: object) -> str:
    assert isinstance(row, dict)
    return repr(sorted((name, value) for name, value in row.items() if value is not None))


def test_the_resource():
    assert _rows("resource") == [
        {
            "res_type": "vs:catalogservice", "created": "2010-02-03T02:05:06", "updated": "2011-01-01T00:00:00",
            "short_name": "PLATES", "res_title": "Plates of the sky", "content_level": "research",
            "res_description": "Scans.", "reference_url": "http://other.org/plates",
            "creator_seq": "Leavitt, H.; Cannon, A.", "content_type": "survey#archive", "source_format": "bibcode",
            "source_value": "1908AnHar..60...87L", "res_version": "2.1", "region_of_regard": 0.5,
            "waveband": "optical#uv", "rights": "free", "rights_uri": "https://spdx.org/licenses/CC0-1.0.html",
        }
    ]  # fmt: skip


def test_people_subjects_dates_and_identifiers():
    assert _rows("res_role") == [
        {"role_name": "Leavitt, H.", "logo": "http://other.org/l.png", "base_role": "creator"},
        {"role_name": "Cannon, A.", "role_ivoid": "ivo://other.org/cannon", "base_role": "creator"},
        {"role_name": "Fleming, W.", "base_role": "contributor"},
        {"role_name": "Observatory", "role_ivoid": "ivo://other.org/org", "base_role": "publisher"},
        {
            "role_name": "Desk", "street_address": "Garden St 60", "email": "desk@other.org", "telephone": "1",
            "base_role": "contact",
        },
    ]  # fmt: skip
    assert _rows("res_subject") == [{"res_subject": "Galaxies"}, {"res_subject": "plates"}]
    assert _rows("res_date") == [{"date_value": "2009-12-31T00:00:00", "value_role": "created"}]
    assert _rows("alt_identifier") == [{"alt_identifier": "doi:10.1234/PLATES"}]
    assert _rows("relationship") == [
        {"relationship_type": "derived-from", "related_id": "ivo://other.org/raw", "related_name": "Raw"}
    ]


def test_capabilities_interfaces_and_parameters():
    assert _rows("capability") == [
        {
            "cap_index": 1, "cap_type": "sia:simpleimageaccess", "cap_description": "Images",
            "standard_id": "ivo://ivoa.net/std/sia",
        }
    ]  # fmt: skip
    assert _rows("interface") == [
        {
            "cap_index": 1, "intf_index": 1, "intf_type": "vs:paramhttp", "intf_role": "std", "std_version": "1.0",
            "query_type": "get#post", "result_type": "application/x-votable+xml", "url_use": "base",
            "access_url": "http://other.org/sia?", "mirror_url": "http://m1.org/sia?#http://m2.org/sia?",
            "authenticated_only": 0,
        },
        {
            "cap_index": 1, "intf_index": 2, "intf_type": "vr:webbrowser", "url_use": "full",
            "access_url": "http://other.org/form", "authenticated_only": 1,
        },
    ]  # fmt: skip
    assert _rows("intf_param") == [
        {
            "intf_index": 1, "name": "POS", "ucd": "pos.eq", "unit": "deg", "std": 1, "datatype": "real",
            "arraysize": "2", "param_use": "required", "param_description": "Position",
        }
    ]  # fmt: skip
    assert _rows("validation") == [
        {"validated_by": "ivo://other.org/registry", "val_level": 2},
        {"cap_index": 1, "validated_by": "ivo://other.org/registry", "val_level": 3},
    ]


def test_tables_and_columns():
    assert _rows("res_schema") == []
    assert _rows("res_table") == [
        {"table_index": 1, "table_name": "plates.main", "table_type": "out", "table_utype": "obs:main"}
    ]
    assert _rows("table_column") == [
        {
            "table_index": 1, "name": "ra", "ucd": "pos.eq.ra", "std": 0, "datatype": "double", "arraysize": "1",
            "type_system": "vs:votabletype", "flag": "indexed#primary",
        }
    ]  # fmt: skip


def test_coverage_is_read_where_it_can_be():
    assert _rows("stc_spatial") == [{"coverage": "6/0"}]
    assert _rows("stc_temporal") == [{"time_start": 50000.0, "time_end": 51000.5}]
    assert _rows("stc_spectral") == [{"spectral_start": 1e-19, "spectral_end": float("inf")}]


def test_values_by_xpath():
    found = {(row.get("cap_index"), row["detail_xpath"]): row["detail_value"] for row in _rows("res_detail")}
    assert found == {
        (None, "/facility"): "Telescope",
        (None, "/facility/@ivo-id"): "ivo://Other.org/Scope",
        (None, "/rights"): "free",
        (None, "/rights/@rightsURI"): "https://spdx.org/licenses/CC0-1.0.html",
        (1, "/capability/interface/securityMethod/@standardID"): "ivo://ivoa.net/sso#BasicAA",
        (1, "/capability/interface/testQueryString"): "POS=1,2&SIZE=1",
        (1, "/capability/imageServiceType"): "Pointed",
        (1, "/capability/maxRecords"): "500",
        (1, "/capability/testQuery/pos/long"): "10",
        (1, "/capability/testQuery/pos/lat"): "-5",
    }
