"""Names that what stands around them gives away, as Presidio recognisers; the tagger finds the others."""

from presidio_analyzer import EntityRecognizer

from codesuggest.redact.patterns import UkRecognizer

_TITLE = r"(?:Mr|Mrs|Ms|Miss|Mx|Dr|Prof|Professor|Rev|Revd|Reverend|Sir|Dame|Rabbi|Imam|Councillor|Cllr)"
_STAFF = (
    r"(?:Radiograph|Radiolog|Consultant|Nurse|Nursing|Safety|Scan|Room|Physic|Manager|Registrar|Doctor|On|In|Of|And|The|Imaging|Conditional"
    r"|Unit|Team|Charge|Head|Staff|Department|Ward|Who|Was|Is|Has|Had|Said|Called|Request|Not)"
)
_NAME = rf"(?!{_STAFF})(?:(?:de|van|von|der|den|bin|ibn|al|el|ap|da|dos|la|le|ter|ten)[ \-'’]){{0,2}}(?:\p{{Lu}}\.? ?){{0,2}}(?:[ODd]['’])?\p{{Lu}}[\p{{L}}'’\-]+"
_NAMES = rf"{_NAME}(?:[ \-]{_NAME}){{0,2}}"
_MISSING = r"\b(?i:near|easy to|hard to|easily|\p{L}+n['’]t)[ \-]"
"""Behind these `miss` is no title: a near miss, easy to miss."""
_KIN = (
    r"(?:wife|husband|son|daughter|mum|mam|mummy|dad|daddy|mother|father|brother|sister|twin|partner|niece|nephew|aunt|auntie|uncle|nan|nana|gran"
    r"|granny|grandad|grandma|grandson|granddaughter|cousin|fianc[eé]e?|son-in-law|daughter-in-law|step-?(?:son|daughter|mum|dad|mother|father))"
)
_GREETING = r"(?:Hi|Hello|Hiya|Dear|Hey|Yo|Morning|Thanks|Thank you|Ta|Cheers|Sorry|Attn|FAO|Fao|Cc|cc)"
_FAREWELL = r"(?:Thanks|Thank you|Ta|Thx|Cheers|Regards|Kind regards|Best wishes|Many thanks|Love|Yours|Yours sincerely|Yours faithfully|Best|KR|BW)"
_NOBODY = (
    r"(?!(?:All|Team|Everyone|Both|Sir|Madam|Colleagues?|Folks|Guys|Ladies|There|Again|Doctor|Nurse|Sister|Matron|Radiology|Datix|Patient|English|Not|Very"
    r"|Was|Is|Has|Had|Said|Says|Who|And|In|On|At|The|A|An|I|We|He|She|They|It|To|For|Of|From|With|By|But|If|So|No|Yes|Please|Pls|ED|CT|MR|MRI|US|XR|PACS"
    r"|Ward|Bay|Bed|Room)\b)"
)
_NO_INITIALS = (
    r"(?!(?:ABG|ACF|ACP|AE|AEC|AF|AI|AKI|ALS|AMU|AO|AP|ASA|AV|AVM|BAF|BM|BMI|BNO|BP|BSO|BTS|CAD|CBD|CCU|CD|CDE|CEO|CF|CHI|CNS|COO|CPR|CQC|CRP|CRT|CSF|CT"
    r"|CTA|CTC|CTG|CXR|DAP|DCD|DGH|DHS|DLP|DNA|DNR|DOB|DPO|DRL|DSA|DVT|DWI|EBM|ECG|ED|EDD|EEG|EMG|ENP|ENT|EP|EPR|ERC|ESR|EUS|EVD|FBC|FFP|FNA|FOI|FTE|FU|GA|GB"
    r"|GCS|GE|GI|GMC|GP|GTN|GU|HB|HCA|HDR|HDU|HIV|HO|HR|HSE|IA|ICB|ICE|ICU|ID|IEP|IG|IM|INR|IO|IR|ISO|IT|ITU|IV|IVC|IVF|IVU|JVP|KUB|LA|LAT|LBP|LFT|LMP|LP|LV"
    r"|MAU|MCA|MDT|MET|MI|MIP|MIU|ML|MPE|MPI|MR|MRA|MRI|MRN|MS|MSK|NAD|NAI|NBM|NG|NHS|NI|NIV|NJ|NM|NMC|NOF|NPV|OA|OBS|ODP|OGD|OK|OOH|OPD|OPG|OR|OT|PA|PACS|PCI"
    r"|PDF|PE|PEG|PET|PGD|PHE|PIC|PID|PM|PO|PR|PRN|PSA|PT|PTC|QA|QC|RA|RCA|RCR|RF|RFA|RGN|RIS|RN|RPA|RPS|RTA|RTC|RUQ|RV|RWA|SAU|SBO|SCR|SDU|SHO|SIJ|SN|SOB|SOP"
    r"|SPR|SR|ST|STN|SUI|SVC|TB|TIA|TLD|TNF|TOE|TPN|TTA|TTE|TTO|TVN|UC|UK|UPS|US|USB|UTI|VF|VQ|VT|WBC|WHO|WR|XR|AAU|AHP|PC|PAS|BSE|CAMHS|CCG|CIC|CNST|DC|HM|LD|HR|PALS)\b)"
)
_BEFORE_INITIALS = (
    r"(?:[Bb]y|[Pp]er|[Cc]c|[Ss]gd|signed|signed off|initials?|initialled|operator|radiographer|reporter|checker|witness|author|chair|ask|asked|[Ss]econd read|[Rr]eviewer|[Ii]nvestigator|[Ss]onographer|told|rang|thanks|ta"
    r"|regards|[Aa]ction|[Oo]perator|[Ss]taff|[Mm]entor|[Ss]tudent)"
)
_DONE = (
    r"(?:vetted|reported|checked|re-?checked|signed|said|says|told|asked|denied|accepted|agreed|scanned|exposed|injected|cannulated|positioned|confirmed"
    r"|noticed|spotted|apologised|emailed|phoned|rang|replied|wrote|noted|informed|amended|corrected|escalated|left|went|forgot|chaired|leading|to action"
    r"|to chase|to check|to email|to ring|to speak|to sign|to write|to follow up)"
)


def name_recognisers() -> list[EntityRecognizer]:
    """Names after a title, beside a relation, in a greeting or a farewell; initials of whoever did something."""
    return [
        UkRecognizer(
            "PERSON",
            [
                (rf"(?<![\p{{L}}\-]){_TITLE}\.? {_NAMES}", 0.85),
                (r"(?<![\p{L}\-])(?:MRS|MISS|PROF) \p{Lu}[\p{Lu}'’\-]+(?: \p{Lu}[\p{Lu}'’\-]{3,})?", 0.7),
                (
                    rf"(?<![\p{{L}}\-])(?:mrs|(?<!{_MISSING})miss) (?!the |a |an |out |this |his |her )\p{{Ll}}[\p{{L}}'’\-]{{2,}}",
                    0.6,
                ),
                (rf"(?<![\p{{L}}\-])(?i:{_KIN}),? \(?{_NOBODY}(?P<value>(?!\p{{Lu}}{{2}}){_NAMES})", 0.7),
                (
                    rf"(?m)^[ >]*{_GREETING},? {_NOBODY}(?P<value>(?!\p{{Lu}}{{2}}){_NAMES})(?=[,.!:;\n]|$| and | -)",
                    0.7,
                ),
                (rf"(?m){_FAREWELL}[,.!]?\n+{_NOBODY}(?P<value>{_NAMES})[.,]?[ ]*(?:$|\n|,)", 0.7),
                (
                    rf"(?<![\p{{L}}\-])(?i:surname|maiden name|first name|forename|my name is|name is|n[ée]e|aka|baby) [\"'“‘]?{_NOBODY}(?P<value>{_NAMES})",
                    0.7,
                ),
                (rf"(?<!\w)@(?P<value>{_NAME})", 0.7),
                (
                    rf"(?<![\p{{L}}\-])[Tt]he (?P<value>{_NAME})(?= (?:family|brothers|sisters|twins|parents|baby|boy|girl|lady|lad)\b)",
                    0.6,
                ),
                (_initials(rf"(?<![\p{{L}}\-])(?:{_BEFORE_INITIALS})[: ] ?"), 0.6),
                (_initials(r"(?<![\w/&\-])") + rf"(?= (?:has |had |then |also |to )?{_DONE}\b)", 0.6),
                (_initials(r"(?:[.?!] |\n)") + r"\.?[ ]*(?=\n|$)", 0.5),
            ],
        ),
    ]


def _initials(before: str) -> str:
    """A pattern of initials behind something; it starts at a capital, of which there are few, to be quick."""
    rest = r"(?:\.[A-Z]\.(?:[A-Z]\.)?|[A-Z]{1,2})(?![\w/&\-]|\.\w)"
    return rf"(?P<value>[A-Z](?=[A-Z.])(?<={before}{_NO_INITIALS}[A-Z]){rest})"
