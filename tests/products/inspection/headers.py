"""Headers of catalogues as their authors publish them, with the columns that a person would choose.

A column is ``name:kind``, or ``name:kind>meaning`` when it is that for a meaning; blanks in names are ``~``. Kinds:
``ra``, ``dec``, ``z``, ``zgap`` (78 % of the values are -99), ``zerr``, ``flag`` (few whole numbers), ``grade`` (few
letters), ``conf`` (few real numbers), ``warn`` (mostly 0), ``bits`` (many whole numbers), ``id`` (whole numbers, no two
are equal), ``name`` (text, no two are equal), ``class`` and ``survey`` (few words), ``code`` (whole numbers that
repeat), ``mag``, ``flux``, ``real``, ``share`` (0 to 1), ``pixel``, ``time``.
"""

__all__ = ["HEADERS"]

HEADERS = {
    "SDSS specObj": """
        SPECOBJID:id>id SURVEY:survey>survey INSTRUMENT:class PROGRAMNAME:class PLATE:code MJD:time FIBERID:code
        PLUG_RA:ra>ra PLUG_DEC:dec>dec CLASS:class SUBTYPE:class Z:z>z Z_ERR:zerr>z_err ZWARNING:warn>z_flag
        RCHI2:real SN_MEDIAN_ALL:real Z_NOQSO:z Z_ERR_NOQSO:zerr ZWARNING_NOQSO:warn VDISP:real""",
    "SDSS CasJobs": """
        specObjID:id>id bestObjID:id ra:ra>ra dec:dec>dec z:z>z zErr:zerr>z_err zWarning:warn>z_flag class:class
        subClass:class modelMag_u:mag modelMag_g:mag modelMag_r:mag modelMag_i:mag modelMag_z:mag""",
    "SDSS photoObj": "objID:id>id ra:ra>ra dec:dec>dec u:mag g:mag r:mag i:mag z:mag type:code clean:flag",
    "DESI zcatalog": """
        TARGETID:id>id SURVEY:survey>survey PROGRAM:class HEALPIX:code Z:z>z ZERR:zerr>z_err ZWARN:warn>z_flag CHI2:real
        SPECTYPE:class SUBTYPE:class DELTACHI2:real TARGET_RA:ra>ra TARGET_DEC:dec>dec FLUX_G:flux FLUX_R:flux
        FLUX_Z:flux FLUX_IVAR_Z:flux MEAN_FIBER_RA:ra MEAN_FIBER_DEC:dec STD_FIBER_RA:share ZCAT_PRIMARY:flag""",
    "DESI visual inspection": """
        TARGETID:id>id RA_TARGET:ra>ra DEC_TARGET:dec>dec Z_VI:z>z QF:flag>z_flag VI_SPECTYPE:class FIBERFLUX_R:flux""",
    "VIPERS PDR2": """
        id_IAU:name>id num:id alpha:ra>ra delta:dec>dec selmag:mag errselmag:share pointing:class quadrant:flag
        zspec:z>z zflg:conf>z_flag norm:real epoch:flag tsr:share ssr:share classFlag:flag u_T07:mag g_T07:mag r_T07:mag
        i_T07:mag z_T07:mag E_BV:share""",
    "zCOSMOS at VizieR": """
        recno:id>id RAJ2000:ra>ra DEJ2000:dec>dec Imag:mag z:z>z CC:conf>z_flag File:name""",
    "zCOSMOS in a merged table": "ID:id>id RA:ra>ra DEC:dec>dec zCOSMOS:z>z zConf:conf>z_flag zphot:z i_mag:mag",
    "DEEP2 DR4": """
        OBJNO:id>id RA:ra>ra DEC:dec>dec MAGB:mag MAGR:mag MAGI:mag MAGBERR:share RG:real E2:share PA:real PGAL:share
        SFD_EBV:share M_B:real UB:real MASK:code SLIT:code DATE:class MJD:time SLITRA:ra SLITDEC:dec SLITPA:real Z:z
        ZBEST:z>z ZERR:zerr>z_err ZQUALITY:flag>z_flag CLASS:class SUBCLASS:class""",
    "GAMA SpecObj": """
        SPECID:name>id SURVEY:survey>survey SURVEY_CODE:flag RA:ra>ra DEC:dec>dec WMIN:real WMAX:real Z:z>z
        NQ:flag>z_flag PROB:share CATAID:code GAMA_NAME:name SN:real DIST:real IS_SBEST:flag""",
    "PRIMUS": """
        OBJNAME:name>id RA:ra>ra DEC:dec>dec FIELD:class ZPRIMUS:z>z ZPRIMUS_ZCONF:flag>z_flag ZPRIMUS_CLASS:class
        FILTER_MAGS:mag""",
    "COSMOS2020": """
        ID:id>id ALPHA_J2000:ra>ra DELTA_J2000:dec>dec X_IMAGE:pixel Y_IMAGE:pixel ERRX2_IMAGE:share EBV:share
        FLAG_COMBINED:flag CFHT_u_MAG:mag HSC_g_MAG:mag HSC_r_MAG:mag HSC_i_MAG:mag HSC_z_MAG:mag HSC_z_MAGERR:share
        lp_zBEST:z>z lp_type:flag lp_zPDF:z lp_zPDF_l68:z lp_zPDF_u68:z lp_chi2_best:real ez_z_phot:z ez_z160:z""",
    "COSMOS2015": """
        NUMBER:id>id ALPHA_J2000:ra>ra DELTA_J2000:dec>dec X_IMAGE:pixel Y_IMAGE:pixel FLAG_HJMCC:flag g_MAG_APER2:mag
        r_MAG_APER2:mag i_MAG_APER2:mag z_MAG_APER2:mag PHOTOZ:z>z ZPDF_L68:z ZPDF_H68:z CHI2_BEST:real""",
    "VANDELS": """
        id:name>id alpha:ra>ra delta:dec>dec iAB:mag zAB:mag HAB:mag zspec:z>z zflg:flag>z_flag photz:z""",
    "OzDES": """
        OzDES_id:name>id Alpha_J2000:ra>ra Delta_J2000:dec>dec z:z>z qop:flag>z_flag flag:flag types:class mag:mag""",
    "VUDS": "vudsid:id>id alpha:ra>ra delta:dec>dec z_spec:z>z zflags:flag>z_flag mag_i:mag zphot:z",
    "Gaia": """
        solution_id:code designation:name source_id:id>id ra:ra>ra ra_error:share dec:dec>dec dec_error:share
        parallax:real pmra:real pmdec:real phot_g_mean_mag:mag l:ra b:dec ecl_lon:ra ecl_lat:dec
        radial_velocity:real""",
    "Gaia quasars": """
        source_id:id>id ra:ra>ra dec:dec>dec redshift_qsoc:z>z redshift_qsoc_lower:z redshift_qsoc_upper:z
        zscore_qsoc:share flags_qsoc:bits>z_flag""",
    "LSST DP1 objects": """
        objectId:id>id coord_ra:ra>ra coord_dec:dec>dec coord_raErr:share coord_decErr:share ebv:share tract:code
        g_ra:ra r_ra:ra i_ra:ra z_ra:ra g_dec:dec r_dec:dec i_dec:dec z_dec:dec g_psfFlux:flux r_psfFlux:flux
        i_psfFlux:flux z_psfFlux:flux z_psfFluxErr:share r_psfFluxErr:share i_psfFluxErr:share z_psfFlux_flag:flag""",
    "RAIL training": """
        object_id:id>id mag_u_lsst:mag mag_g_lsst:mag mag_r_lsst:mag mag_i_lsst:mag mag_z_lsst:mag mag_y_lsst:mag
        mag_err_z_lsst:share redshift:z>z""",
    "RAIL estimates": "id:id>id zmode:z>z z_mean:z z_true:z z_std:zerr>z_err odds:share",
    "HSC spec-z": """
        object_id:id>id ra:ra>ra dec:dec>dec specz_name:name specz_redshift:z>z specz_redshift_err:zerr>z_err
        specz_flag_homogeneous:flag>z_flag specz_mag_i:mag""",
    "HETDEX": """
        source_id:id>id shotid:code RA:ra>ra DEC:dec>dec z_hetdex:z>z z_hetdex_src:class z_hetdex_conf:share>z_flag
        gmag:mag source_type:class""",
    "KiDS BPZ": """
        ID:name>id ALPHA_J2000:ra>ra DELTA_J2000:dec>dec MAG_GAAP_u:mag MAG_GAAP_g:mag MAG_GAAP_r:mag MAG_GAAP_i:mag
        MAG_GAAP_Z:mag Z_B:z>z Z_B_MIN:z Z_B_MAX:z T_B:real ODDS:share Flag:bits""",
    "Legacy Surveys photo-z": """
        objid:id>id ra:ra>ra dec:dec>dec z_phot_mean:z z_phot_median:z z_phot_std:zerr z_phot_l68:z z_phot_u68:z
        z_spec:zgap>z survey:survey>survey flux_g:flux flux_r:flux flux_i:flux flux_z:flux""",
    "VizieR": """
        recno:id RAJ2000:ra>ra DEJ2000:dec>dec Name:name>id z:z>z e_z:zerr>z_err q_z:flag>z_flag r_z:class
        u_z:class gmag:mag rmag:mag imag:mag zmag:mag e_zmag:share e_rmag:share e_imag:share""",
    "WiggleZ": "Name:name>id RAdeg:ra>ra DEdeg:dec>dec z:z>z Q:flag>z_flag FUVmag:mag rmag:mag SN:real",
    "NED": "Object~Name:name>id RA:ra>ra DEC:dec>dec Type:class Velocity:real Redshift:z>z Redshift~Flag:grade>z_flag",
    "SIMBAD": """
        main_id:name>id ra:ra>ra dec:dec>dec coo_err_maj:share rvz_redshift:z>z rvz_error:zerr>z_err
        rvz_qual:grade>z_flag galdim_majaxis:real V:mag""",
    "SExtractor": """
        NUMBER:id>id X_WORLD:ra>ra Y_WORLD:dec>dec X_IMAGE:pixel Y_IMAGE:pixel MAG_AUTO:mag FLAGS:bits
        CLASS_STAR:share""",
    "crossmatch of TOPCAT": """
        id_1:id>id RA_1:ra>ra DEC_1:dec>dec z_1:z>z ze_1:real RA_2:ra DEC_2:dec z_2:z Separation:share""",
    "crossmatch with Gaia": "name:name>id RAJ2000_gaia:ra>ra DEJ2000_gaia:dec>dec z_spec:z>z Qz:flag>z_flag",
    "longitude and latitude": "objid:id>id lon:ra>ra lat:dec>dec redshift:z>z",
    "photometry with one band": "id:id>id ra:ra>ra dec:dec>dec mag_z:mag err_z:share flag_z:flag",
    "Euclid": "OBJECT_ID:id>id RIGHT_ASCENSION:ra>ra DECLINATION:dec>dec SPE_Z:z>z SPE_Z_ERR:zerr>z_err PHZ_MEDIAN:z",
    "CANDELS": """
        ID:id>id RA:ra>ra DEC:dec>dec zbest:z>z zspec:zgap q_zspec:flag>z_flag zphot:z zphot_l68:z zphot_u68:z""",
    "spectroscopy beside photometry": """
        name:name>id ra:ra>ra dec:dec>dec zphot:z zphot_err:zerr zspec:zgap>z zspec_err:zerr>z_err
        q_zspec:flag>z_flag""",
    "2dFLenS": "TargetName:name>id R.A.:ra>ra Dec.:dec>dec z:z>z Qual:flag>z_flag rmag:mag",
    "LEGA-C": "ID:id>id RAJ2000:ra>ra DECJ2000:dec>dec z:z>z flag_spec:flag>z_flag SIGMA_STARS:real",
    "homogenised catalogue": """
        ID:name>id ra:ra>ra dec:dec>dec z:z>z z_flag:flag>z_flag z_err:zerr>z_err instrument_type:class>instrument_type
        survey:survey>survey source:class instrument_type_homogenized:class""",
    "6dFGS": """
        SPECID:id TARGETID:id>id RA_deg:ra>ra DEC_deg:dec>dec Z:z>z QUALITY:flag>z_flag OBSRA:ra OBSDEC:dec Z_HELIO:z
        MATCH_DR:real SURVEY_NAME:survey>survey""",
}
