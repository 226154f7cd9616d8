//! `[[certificates.cloud]]`: resources at Tencent Cloud that use the certificate.
//!
//! The types and the forms of instances are those of the service today (tccli 3.1.189.1, UpdateCertificateInstance and
//! DeployCertificateInstance).

use super::mistake::{Fault, quoted};
use super::reader::Table;
use super::settings::unknown_choice;
use super::target_wishes::texts;
use super::targets::digest;

/// One type of resource.
#[derive(Debug, PartialEq, Eq)]
pub struct ResourceType {
    /// The service's word for it.
    pub name: &'static str,
    /// Whether the service wants to know its regions.
    pub regional: bool,
    /// Whether resources of this type can be moved from one certificate to another.
    pub moves: bool,
    /// Whether many machines all over the world serve it, which take minutes to show a new certificate.
    pub edges: bool,
    /// The parts of an instance's text, as people read them; empty where instances can't be named.
    parts: &'static [&'static str],
    /// How many of the last parts may be left out.
    optional: usize,
    /// An instance as an example.
    example: &'static str,
}

const fn kind(
    name: &'static str,
    regional: bool,
    parts: &'static [&'static str],
    example: &'static str,
) -> ResourceType {
    ResourceType {
        name,
        regional,
        moves: true,
        edges: false,
        parts,
        optional: 0,
        example,
    }
}

const fn edge(
    name: &'static str,
    parts: &'static [&'static str],
    example: &'static str,
) -> ResourceType {
    ResourceType {
        edges: true,
        ..kind(name, GLOBAL, parts, example)
    }
}

const REGIONAL: bool = true;
const GLOBAL: bool = false;

/// Every type, in the service's own order.
#[rustfmt::skip]
pub static RESOURCE_TYPES: [ResourceType; 17] = [
    ResourceType { optional: 1, ..kind("clb", REGIONAL, &["load balancer", "listener", "domain"], "lb-bid2fs4g|lbl-1c6rp5eo") },
    edge("cdn", &["domain", "switch"], "cdn.example.com|off"),
    ResourceType { edges: true, ..kind("waf", REGIONAL, &["domain"], "waf.example.com") },
    edge("live", &["domain"], "live.example.com"),
    edge("ddos", &["instance", "domain", "port"], "bgpip-000001ms|www.example.com|443"),
    edge("teo", &["domain"], "www.example.com"),
    kind("apigateway", REGIONAL, &["service", "domain"], "service-8sk7cqmd|api.example.com"),
    edge("vod", &["domain"], "vod.example.com"),
    kind("tke", REGIONAL, &["cluster", "namespace", "secret"], "cls-42sa0ae0|default|shop-tls"),
    ResourceType { edges: true, ..kind("tcb", REGIONAL, &["type", "region", "environment", "domain"], "AccessService|ap-shanghai|shop-4s5h0ymg|www.example.com") },
    kind("tse", REGIONAL, &["gateway", "certificate"], "gateway-s1da9151|fa61bc05-cc54-4eea-c932-24de52577372"),
    ResourceType { edges: true, ..kind("cos", REGIONAL, &["region", "bucket", "domain"], "ap-hongkong|files-1251810746|files.example.com") },
    kind("mqtt", REGIONAL, &["instance", "certificate"], "mqtt-rdnwp7kb|gehs6jsx"),
    kind("scf", REGIONAL, &[], ""),
    kind("tdmq", REGIONAL, &[], ""),
    edge("gaap", &["instance", "listener"], "ga-a3e4z3ae|lsr-a73amjob"),
    ResourceType { moves: false, ..kind("lighthouse", REGIONAL, &["region", "instance", "domain"], "ap-shanghai|lhins-nh7lql34|www.example.com") },
];

impl ResourceType {
    /// The type of that name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        RESOURCE_TYPES.iter().find(|known| known.name == name)
    }

    /// The parts of an instance's text that tell which resource it is: not a switch, not the certificate that was there
    /// when the text was written, and not what the service shows elsewhere.
    #[must_use]
    pub fn marks<'a>(&self, instance: &'a str) -> Vec<&'a str> {
        let parts = instance.split('|').zip(self.parts);
        let telling = parts
            .filter(|(_, part)| !matches!(**part, "switch" | "certificate" | "type" | "region"));
        telling.map(|(text, _)| text).collect()
    }

    /// The region that an instance's text names.
    fn region_in<'a>(&self, instance: &'a str) -> Option<&'a str> {
        let place = self.parts.iter().position(|part| *part == "region")?;
        instance.split('|').nth(place)
    }

    fn names_region(&self) -> bool {
        self.parts.contains(&"region")
    }

    fn check(&self, text: &str) -> Result<String, Fault> {
        let parts: Vec<&str> = text.split('|').collect();
        let least = self.parts.len() - self.optional;
        let plain = |part: &&str| {
            let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'*');
            (1..=253).contains(&part.len()) && part.bytes().all(fits)
        };
        let fits = |(part, kind): (&&str, &&str)| match *kind {
            "switch" => matches!(*part, "on" | "off"),
            "port" => part.parse::<u16>().is_ok_and(|port| port > 0),
            "domain" => part.contains('.'),
            "region" => check_region(part).is_ok(),
            _ => true,
        };
        let well = (least..=self.parts.len()).contains(&parts.len())
            && parts.iter().all(plain)
            && parts.iter().zip(self.parts).all(fits);
        if well {
            return Ok(text.to_owned());
        }
        let form = self.parts.join("|");
        Err(Fault::new(
            format!(
                "{} is not an instance of type \"{}\"",
                quoted(text),
                self.name
            ),
            format!("write it as {form}, such as \"{}\"", self.example),
        ))
    }
}

/// One `[[certificates.cloud]]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cloud {
    /// The types of resources; one where instances are named.
    pub resources: Vec<&'static ResourceType>,
    /// Instances that get the certificate also where no earlier one of ours is bound to them.
    pub instances: Vec<String>,
    /// The region of the instances, where their type has regions.
    pub region: Option<String>,
}

impl Cloud {
    /// A stable digest of its settings: another digest is another target.
    #[must_use]
    pub fn key(&self) -> String {
        let mut names = self.names();
        names.sort_unstable();
        digest(
            "cloud",
            &format!("{names:?} {:?} {:?}", self.instances, self.region),
        )
    }

    /// A few words for people.
    #[must_use]
    pub fn title(&self) -> String {
        let types = self.names().join(", ");
        match self.instances.as_slice() {
            [] => format!("cloud {types}"),
            [one] => format!("cloud {types} {one}"),
            [one, more @ ..] => format!("cloud {types} {one} and {} more", more.len()),
        }
    }

    fn names(&self) -> Vec<&'static str> {
        self.resources.iter().map(|kind| kind.name).collect()
    }
}

/// Reads one entry.
pub(super) fn read(table: &Table<'_>) -> Option<Cloud> {
    if !table.has("resources") {
        table.source.missing(
            &table.at,
            "this cloud target names no `resources`",
            "write resources = [\"clb\"], or several types",
        );
    }
    let resources = types(table)?;
    let named = table.has("instances");
    if !named && table.has("region") {
        table.source.mistake(
            &table.span_of("region"),
            "`region` goes with `instances`; of resources that are moved, the service tells the regions".to_owned(),
            "leave it out".to_owned(),
        );
    }
    if !named {
        if let Some(fixed) = resources.iter().find(|kind| !kind.moves) {
            table.source.mistake(
                &table.span_of("resources"),
                format!(
                    "resources of type \"{}\" can't be moved by their type",
                    fixed.name
                ),
                format!("name them: instances = [\"{}\"]", fixed.example),
            );
            return None;
        }
        return Some(Cloud {
            resources,
            instances: Vec::new(),
            region: None,
        });
    }
    named_instances(table, resources)
}

fn types(table: &Table<'_>) -> Option<Vec<&'static ResourceType>> {
    let names = texts(table, "resources", |text| match ResourceType::of(text) {
        Some(_) => Ok(text.to_owned()),
        None => {
            let known: Vec<&str> = RESOURCE_TYPES.iter().map(|kind| kind.name).collect();
            Err(unknown_choice("resources", text, &known))
        }
    });
    let mut found: Vec<&'static ResourceType> = Vec::new();
    for kind in names.iter().filter_map(|name| ResourceType::of(name)) {
        if found.contains(&kind) {
            table.source.mistake(
                &table.span_of("resources"),
                format!("`resources` names \"{}\" twice", kind.name),
                "keep one of the two".to_owned(),
            );
        } else {
            found.push(kind);
        }
    }
    if found.is_empty() && table.has("resources") && names.is_empty() {
        let empty = table
            .value("resources")
            .and_then(|value| value.get_ref().as_array());
        if empty.is_some_and(|list| list.is_empty()) {
            table.source.mistake(
                &table.span_of("resources"),
                "`resources` names no type".to_owned(),
                "write resources = [\"clb\"], or take the cloud target out".to_owned(),
            );
        }
    }
    (!found.is_empty()).then_some(found)
}

fn named_instances(table: &Table<'_>, resources: Vec<&'static ResourceType>) -> Option<Cloud> {
    let at = table.span_of("instances");
    let refuse = |message: String, help: String| {
        table.source.mistake(&at, message, help);
        None
    };
    let [kind] = resources.as_slice() else {
        let message = "`instances` can be of one type only".to_owned();
        return refuse(
            message,
            "write a [[certificates.cloud]] for each type".to_owned(),
        );
    };
    let kind = *kind;
    if kind.parts.is_empty() {
        let message = format!("instances of type \"{}\" can't be named", kind.name);
        return refuse(
            message,
            "leave `instances` out: what an earlier certificate is bound to is moved".to_owned(),
        );
    }
    let instances = texts(table, "instances", |text| kind.check(text));
    let mut sorted = instances.clone();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        return refuse(
            format!("`instances` names {} twice", quoted(&pair[0])),
            "keep one of the two".to_owned(),
        );
    }
    if instances.is_empty() {
        let empty = table
            .value("instances")
            .and_then(|value| value.get_ref().as_array());
        if empty.is_some_and(|list| list.is_empty()) {
            return refuse(
                "`instances` names nothing".to_owned(),
                format!("write instances = [\"{}\"], or leave it out", kind.example),
            );
        }
        return None;
    }
    let region = region(table, kind, &instances)?;
    Some(Cloud {
        resources,
        instances,
        region,
    })
}

/// The region of named instances: from their text where that has it, else from `region`.
fn region(table: &Table<'_>, kind: &ResourceType, instances: &[String]) -> Option<Option<String>> {
    let given = table.checked("region", check_region);
    if kind.names_region() {
        let mut found: Vec<&str> = instances
            .iter()
            .filter_map(|one| kind.region_in(one))
            .collect();
        found.dedup();
        if let [one] = found.as_slice() {
            return Some(Some((*one).to_owned()));
        }
        table.source.mistake(
            &table.span_of("instances"),
            "`instances` are in more than one region".to_owned(),
            "write a [[certificates.cloud]] for each region".to_owned(),
        );
        return None;
    }
    if kind.regional && !table.has("region") {
        table.source.missing(
            &table.at,
            format!("instances of type \"{}\" need their `region`", kind.name),
            "add region = \"ap-guangzhou\", or wherever they are",
        );
        return None;
    }
    if !kind.regional && table.has("region") {
        table.source.mistake(
            &table.span_of("region"),
            format!("type \"{}\" has no regions", kind.name),
            "leave `region` out".to_owned(),
        );
        return None;
    }
    Some(given)
}

fn check_region(text: &str) -> Result<String, Fault> {
    let plain = text
        .bytes()
        .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    if plain && text.contains('-') && (4..=40).contains(&text.len()) {
        return Ok(text.to_owned());
    }
    Err(Fault::new(
        format!("{} is not a region", quoted(text)),
        "write it as the service does: \"ap-guangzhou\"",
    ))
}
