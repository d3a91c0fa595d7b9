"""Tables of RegTAP 1.1 (``rr``), with those of RegTAP 1.2 for coverage in space, time and spectrum."""

from collections.abc import Mapping

from core.columns import Column
from tap.models import ForeignKey

__all__ = ["REGISTRY_COLUMNS", "REGISTRY_DESCRIPTIONS", "REGISTRY_KEYS", "REGISTRY_MODEL", "REGISTRY_UTYPES"]

#: Identifier of the data model, which capabilities declare.
REGISTRY_MODEL = "ivo://ivoa.net/std/RegTAP#1.1"

_Columns = tuple[Column, ...]


def _name(name: str, description: str, path: str | None = None) -> Column:
    return Column(name, "char", "*", utype=_utype(path), description=description)


def _text(name: str, description: str, path: str | None = None) -> Column:
    return Column(name, "unicodeChar", "*", utype=_utype(path), description=description)


def _time(name: str, description: str, path: str | None = None) -> Column:
    return Column(name, "char", "*", xtype="timestamp", utype=_utype(path), description=description)


def _short(name: str, description: str, path: str | None = None) -> Column:
    return Column(name, "short", utype=_utype(path), description=description)


def _double(name: str, description: str, unit: str, path: str | None = None) -> Column:
    return Column(name, "double", unit=unit, utype=_utype(path), description=description)


def _utype(path: str | None) -> str | None:
    return None if path is None else f"xpath:{path}"


_IVOID = _name("ivoid", "IVOA identifier of the resource, in lower case", "/identifier")
_CAPABILITY = _short("cap_index", "Number of the capability in its resource")
_SCHEMA = _short("schema_index", "Number of the schema in its resource")
_INTERFACE = _short("intf_index", "Number of the interface in its resource")
_TABLE = _short("table_index", "Number of the table in its resource")


def _typed(kind: str) -> _Columns:
    """Return the columns by which columns of tables and parameters of interfaces are described alike."""
    return (
        _text("name", f"Name of the {kind}", "name"),
        _name("ucd", f"UCD of the {kind}, in lower case", "ucd"),
        _text("unit", f"Unit of the {kind}, in VOUnits syntax", "unit"),
        _name("utype", f"UType of the {kind}, in lower case", "utype"),
        _short("std", f"1 when a standard defines the {kind}", "@std"),
        _name("datatype", "Data type of the values", "dataType"),
        _name("extended_schema", "Identifier of what defines the extended type", "dataType/@extendedSchema"),
        _name("extended_type", "Extended type of the values", "dataType/@extendedType"),
        _name("arraysize", "Shape of arrays", "dataType/@arraysize"),
        _name("delim", "Characters between the elements of arrays in texts", "dataType/@delim"),
    )


#: Columns of the tables by name, in the order of the standard.
REGISTRY_COLUMNS: Mapping[str, _Columns] = {
    "resource": (
        _name("ivoid", "IVOA identifier of the resource, in lower case", "identifier"),
        _name("res_type", "Type of the resource: vs:catalogresource, vs:catalogservice and so on", "@xsi:type"),
        _time("created", "Time (UTC) at which the record was created", "@created"),
        _name("short_name", "Short name of the resource", "shortName"),
        _text("res_title", "Title of the resource", "title"),
        _time("updated", "Time (UTC) of the last change of the record", "@updated"),
        _name("content_level", "For whom the content is, separated by #", "content/contentLevel"),
        _text("res_description", "What the resource is", "content/description"),
        _text("reference_url", "Address of a page about the resource", "content/referenceURL"),
        _text("creator_seq", "Names of the creators, separated by semicolons", "curation/creator/name"),
        _name("content_type", "Nature of the content, separated by #", "content/type"),
        _name("source_format", "Format of the bibliographic source: doi or bibcode", "content/source/@format"),
        _text("source_value", "Bibliographic source", "content/source"),
        _text("res_version", "Version of the resource", "curation/version"),
        _double("region_of_regard", "Angle by which positions are to be blurred", "deg", "coverage/regionOfRegard"),
        _name("waveband", "Wavebands, separated by #", "coverage/waveband"),
        _text("rights", "Statement of usage conditions", "/rights"),
        _text("rights_uri", "Address of the licence", "/rights/@rightsURI"),
    ),
    "res_role": (
        _IVOID,
        _text("role_name", "Name of the person or organisation"),
        _name("role_ivoid", "IVOA identifier of the person or organisation"),
        _text("street_address", "Postal address"),
        _text("email", "E-mail address"),
        _text("telephone", "Telephone number"),
        _text("logo", "Address of a logo"),
        _name("base_role", "contact, publisher, creator or contributor"),
    ),
    "res_subject": (
        _IVOID,
        _text("res_subject", "Subject, a term of the Unified Astronomy Thesaurus", "subject"),
    ),
    "capability": (
        _IVOID,
        _CAPABILITY,
        _name("cap_type", "Type of the capability: tr:tableaccess, cs:conesearch and so on", "@xsi:type"),
        _text("cap_description", "What the capability is", "description"),
        _name("standard_id", "Identifier of the standard of the capability, in lower case", "@standardID"),
    ),
    "res_schema": (
        _IVOID,
        _SCHEMA,
        _text("schema_description", "What the schema holds", "description"),
        _name("schema_name", "Name of the schema", "name"),
        _text("schema_title", "Title of the schema", "title"),
        _name("schema_utype", "UType of the schema", "utype"),
    ),
    "res_table": (
        _IVOID,
        _SCHEMA,
        _text("table_description", "What the table holds", "description"),
        _text("table_name", "Full name of the table, for use in queries", "name"),
        _TABLE,
        _text("table_title", "Title of the table", "title"),
        _name("table_type", "Role of the table", "@type"),
        _name("table_utype", "UType of the table, in lower case", "utype"),
        Column("nrows", "long", utype="xpath:nrows", description="Number of rows"),
    ),
    "table_column": (
        _IVOID,
        _TABLE,
        *_typed("column"),
        _name("type_system", "Type system of the data type", "dataType/@xsi:type"),
        _name("flag", "Flags of the column, separated by #", "flag"),
        _text("column_description", "What the column holds", "description"),
    ),
    "interface": (
        _IVOID,
        _CAPABILITY,
        _INTERFACE,
        _name("intf_type", "Type of the interface: vs:paramhttp, vr:webbrowser and so on", "@xsi:type"),
        _name("intf_role", "std for the interface that a standard defines", "@role"),
        _name("std_version", "Version of the standard", "@version"),
        _name("query_type", "HTTP methods, separated by #", "queryType"),
        _name("result_type", "Media type of the response", "resultType"),
        _text("wsdl_url", "Address of a WSDL document", "wsdlURL"),
        _name("url_use", "full, base or dir", "accessURL/@use"),
        _text("access_url", "Address of the interface", "accessURL"),
        _text("mirror_url", "Further addresses, separated by #", "mirrorURL"),
        _short("authenticated_only", "1 when the interface requires that one signs in", "securityMethod"),
    ),
    "intf_param": (
        _IVOID,
        _INTERFACE,
        *_typed("parameter"),
        _name("param_use", "required, optional or ignored", "@use"),
        _text("param_description", "What the parameter is", "description"),
    ),
    "relationship": (
        _IVOID,
        _name("relationship_type", "Type of the relationship, in lower case", "relationshipType"),
        _name("related_id", "IVOA identifier of the related resource", "relatedResource/@ivo-id"),
        _text("related_name", "Name of the related resource", "relatedResource"),
    ),
    "validation": (
        _IVOID,
        _name("validated_by", "IVOA identifier of the registry that validated", "validationLevel/@validatedBy"),
        _short("val_level", "Level of validation", "validationLevel"),
        _CAPABILITY,
    ),
    "res_date": (
        _IVOID,
        _time("date_value", "A date in the life of the resource", "date"),
        _name("value_role", "What happened: created, updated and so on", "date/@role"),
    ),
    "res_detail": (
        _IVOID,
        _CAPABILITY,
        _name("detail_xpath", "XPath of the value in the record"),
        _text("detail_value", "Value"),
    ),
    "alt_identifier": (_IVOID, _text("alt_identifier", "Another identifier, such as a DOI, as a URI")),
    "stc_spatial": (
        _IVOID,
        Column("coverage", "char", "*", "moc", ucd="pos.outline", utype="xpath:.", description="Coverage on the sky"),
        _name("ref_system_name", "Reference frame of the coverage; none is ICRS", "@frame"),
    ),
    "stc_temporal": (
        _IVOID,
        _double("time_start", "Begin of an interval in MJD (TDB)", "d", "."),
        _double("time_end", "End of the interval", "d", "."),
    ),
    "stc_spectral": (
        _IVOID,
        _double("spectral_start", "Begin of an interval of energy", "J", "."),
        _double("spectral_end", "End of the interval", "J", "."),
    ),
}

#: Descriptions of the tables by name.
REGISTRY_DESCRIPTIONS: Mapping[str, str] = {
    "resource": "Public resources of this server: services and products",
    "res_role": "Persons and organisations behind resources",
    "res_subject": "Subjects of resources",
    "capability": "Capabilities of resources",
    "res_schema": "Schemas of the tables of resources",
    "res_table": "Tables of resources",
    "table_column": "Columns of those tables",
    "interface": "Interfaces of capabilities",
    "intf_param": "Parameters of interfaces",
    "relationship": "Relationships between resources",
    "validation": "Results of the validation of resources and capabilities",
    "res_date": "Dates in the life of resources",
    "res_detail": "Further values of records, by XPath",
    "alt_identifier": "Other identifiers of resources and of their creators",
    "stc_spatial": "Coverage of resources on the sky",
    "stc_temporal": "Coverage of resources in time",
    "stc_spectral": "Coverage of resources in the spectrum",
}

#: UTypes of the tables by name, as far as the standard gives them.
REGISTRY_UTYPES: Mapping[str, str] = {
    "resource": "xpath:/",
    "res_subject": "xpath:/content/",
    "capability": "xpath:/capability/",
    "res_schema": "xpath:/tableset/schema/",
    "res_table": "xpath:/(tableset/schema/|)table/",
    "table_column": "xpath:/(tableset/schema/|)/table/column/",
    "interface": "xpath:/capability/interface/",
    "intf_param": "xpath:/capability/interface/param/",
    "relationship": "xpath:/content/relationship/",
    "validation": "xpath:/(capability/|)validationLevel",
    "res_date": "xpath:/curation/",
    "alt_identifier": "xpath:/(curation/creator/|)altIdentifier",
}

_PARENTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "interface": ("capability", ("ivoid", "cap_index")),
    "intf_param": ("interface", ("ivoid", "intf_index")),
    "res_table": ("res_schema", ("ivoid", "schema_index")),
    "table_column": ("res_table", ("ivoid", "table_index")),
}

#: Keys among the tables.
REGISTRY_KEYS: tuple[ForeignKey, ...] = tuple(
    ForeignKey(
        f"rr_{name}",
        f"rr.{name}",
        f"rr.{target}",
        tuple((column, column) for column in columns),
        f"Row of {target} to which a row of {name} belongs",
    )
    for name in REGISTRY_COLUMNS
    if name != "resource"
    for target, columns in [_PARENTS.get(name, ("resource", ("ivoid",)))]
)
