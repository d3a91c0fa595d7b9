"""Tables and columns of the relational registry, as RegTAP 1.1 §4 lists them, and those of RegTAP 1.2 for coverage.

Each column stands with its type and with its UType, which ``xpath:`` precedes; ``-`` is none. The types are those of
the standard: string, integer, real, and string with an xtype.
"""

__all__ = ["STANDARD_COLUMNS", "STANDARD_TABLES"]

#: UTypes of the tables.
STANDARD_TABLES = {
    "alt_identifier": "xpath:/(curation/creator/|)altIdentifier",
    "capability": "xpath:/capability/",
    "interface": "xpath:/capability/interface/",
    "intf_param": "xpath:/capability/interface/param/",
    "relationship": "xpath:/content/relationship/",
    "res_date": "xpath:/curation/",
    "res_detail": None,
    "res_role": None,
    "res_schema": "xpath:/tableset/schema/",
    "res_subject": "xpath:/content/",
    "res_table": "xpath:/(tableset/schema/|)table/",
    "resource": "xpath:/",
    "stc_spatial": None,
    "stc_spectral": None,
    "stc_temporal": None,
    "table_column": "xpath:/(tableset/schema/|)/table/column/",
    "validation": "xpath:/(capability/|)validationLevel",
}

_TYPED = """
    name string name; ucd string ucd; unit string unit; utype string utype; std integer @std; datatype string dataType;
    extended_schema string dataType/@extendedSchema; extended_type string dataType/@extendedType;
    arraysize string dataType/@arraysize; delim string dataType/@delim
"""

_LISTED = {
    "resource": """
        ivoid string identifier; res_type string @xsi:type; created timestamp @created; short_name string shortName;
        res_title string title; updated timestamp @updated; content_level string content/contentLevel;
        res_description string content/description; reference_url string content/referenceURL;
        creator_seq string curation/creator/name; content_type string content/type;
        source_format string content/source/@format; source_value string content/source;
        res_version string curation/version; region_of_regard real coverage/regionOfRegard;
        waveband string coverage/waveband; rights string /rights; rights_uri string /rights/@rightsURI
    """,
    "res_role": """
        ivoid string /identifier; role_name string -; role_ivoid string -; street_address string -; email string -;
        telephone string -; logo string -; base_role string -
    """,
    "res_subject": "ivoid string /identifier; res_subject string subject",
    "capability": """
        ivoid string /identifier; cap_index integer -; cap_type string @xsi:type; cap_description string description;
        standard_id string @standardID
    """,
    "res_schema": """
        ivoid string /identifier; schema_index integer -; schema_description string description;
        schema_name string name; schema_title string title; schema_utype string utype
    """,
    "res_table": """
        ivoid string /identifier; schema_index integer -; table_description string description;
        table_name string name; table_index integer -; table_title string title; table_type string @type;
        table_utype string utype
    """,
    "table_column": f"""
        ivoid string /identifier; table_index integer -; {_TYPED}; type_system string dataType/@xsi:type;
        flag string flag; column_description string description
    """,
    "interface": """
        ivoid string /identifier; cap_index integer -; intf_index integer -; intf_type string @xsi:type;
        intf_role string @role; std_version string @version; query_type string queryType;
        result_type string resultType; wsdl_url string wsdlURL; url_use string accessURL/@use;
        access_url string accessURL; mirror_url string mirrorURL; authenticated_only integer securityMethod
    """,
    "intf_param": f"""
        ivoid string /identifier; intf_index integer -; {_TYPED}; param_use string @use;
        param_description string description
    """,
    "relationship": """
        ivoid string /identifier; relationship_type string relationshipType;
        related_id string relatedResource/@ivo-id; related_name string relatedResource
    """,
    "validation": """
        ivoid string /identifier; validated_by string validationLevel/@validatedBy; val_level integer validationLevel;
        cap_index integer -
    """,
    "res_date": "ivoid string /identifier; date_value timestamp date; value_role string date/@role",
    "res_detail": "ivoid string /identifier; cap_index integer -; detail_xpath string -; detail_value string -",
    "alt_identifier": "ivoid string /identifier; alt_identifier string -",
    "stc_spatial": "ivoid string /identifier; coverage moc .; ref_system_name string @frame",
    "stc_temporal": "ivoid string /identifier; time_start real .; time_end real .",
    "stc_spectral": "ivoid string /identifier; spectral_start real .; spectral_end real .",
}


def _utype(path: str) -> str | None:
    return None if path == "-" else f"xpath:{path}"


#: Types and UTypes of the columns, by table and name.
STANDARD_COLUMNS = {
    (table, name): (kind, _utype(path))
    for table, listed in _LISTED.items()
    for name, kind, path in (item.split() for item in listed.split(";"))
}
