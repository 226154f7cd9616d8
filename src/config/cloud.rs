//! `[[certificates.cloud]]`: resources at Tencent Cloud that use the certificate.
//!
//! The types and the forms of instances are those of the service today (tccli 3.1.189.1, UpdateCertificateInstance and
//! DeployCertificateInstance).

use super::identity::Identity;
use super::mistake::{Fault, quoted};
use super::nearest::unknown_choice;
use super::reader::Table;
use super::schema::{Other, TableSchema};
use super::value::{Item, Settings, in_one_line};

/// `[[certificates.cloud]]`.
pub(super) static CLOUD: TableSchema = TableSchema {
    title: "[[certificates.cloud]]",
    groups: &[Cloud::KEYS],
    others: &[
        ("type", Other::Is("resources")),
        ("resource", Other::Is("resources")),
        ("resource_types", Other::Is("resources")),
        ("ResourceTypes", Other::Is("resources")),
        ("instance", Other::Is("instances")),
        ("InstanceIdList", Other::Is("instances")),
        (
            "regions",
            Other::Refused(
                "of resources that are moved, the service tells the regions; named instances have one `region`",
            ),
        ),
    ],
};

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

table! {
    /// One `[[certificates.cloud]]`.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct Cloud, raw RawCloud {
        /// The types of resources; one where instances are named.
        resources: Vec<&'static ResourceType> = Vec::new(),
            by("a list of types in quotes, such as [\"clb\", \"cdn\"]", types)
            shown |types: &Vec<&ResourceType>| Some(names(types).join(","));
        /// Instances that get the certificate also where no earlier one of ours is bound to them.
        instances: Vec<String> = Vec::new(),
            by("a list of texts in quotes, such as [\"lb-bid2fs4g|lbl-1c6rp5eo\"]", instances)
            shown |instances: &Vec<String>| (!instances.is_empty()).then(|| instances.join(","));
        /// The region of the instances, where their type has regions.
        region: Option<String>, text("a region in quotes, such as \"ap-guangzhou\"", check_region);
    }
}

impl Cloud {
    /// A stable digest of its settings: another digest is another target. The order of the types does not count.
    #[must_use]
    pub fn key(&self) -> String {
        let mut types = names(&self.resources);
        types.sort_unstable();
        Identity::of("cloud")
            .with_all(self)
            .with("resources", types.join(","))
            .key()
    }

    /// A few words for people.
    #[must_use]
    pub fn title(&self) -> String {
        let types = names(&self.resources).join(", ");
        match self.instances.as_slice() {
            [] => format!("cloud {types}"),
            [one] => format!("cloud {types} {one}"),
            [one, more @ ..] => format!("cloud {types} {one} and {} more", more.len()),
        }
    }
}

in_one_line!(Cloud);

impl Item for Cloud {}

fn names(types: &[&ResourceType]) -> Vec<&'static str> {
    types.iter().map(|kind| kind.name).collect()
}

/// Reads one entry.
pub(super) fn read(table: &Table<'_>) -> Option<Cloud> {
    if !table.has("resources") {
        table.missing(
            "this cloud target names no `resources`",
            "write resources = [\"clb\"], or several types",
        );
    }
    let mut cloud = RawCloud::read(Some(table)).complete(&RawCloud::default());
    let is_named = table.has("instances");
    if !is_named && table.has("region") {
        table.mistake(
            "region",
            "`region` goes with `instances`; of resources that are moved, the service tells the regions",
            "leave it out",
        );
    }
    if !is_named && let Some(fixed) = cloud.resources.iter().find(|kind| !kind.moves) {
        table.mistake(
            "resources",
            format!(
                "resources of type \"{}\" can't be moved by their type",
                fixed.name
            ),
            format!("name them: instances = [\"{}\"]", fixed.example),
        );
        return None;
    }
    if is_named {
        match cloud.resources.as_slice() {
            [kind] if !cloud.instances.is_empty() => cloud.region = region(table, kind, &cloud)?,
            _ => return None,
        }
    }
    (!cloud.resources.is_empty()).then_some(cloud)
}

/// The types that an entry names; none where one of them is wrong.
fn types(table: &Table<'_>, key: &str) -> Option<Vec<&'static ResourceType>> {
    let found = table.texts(key, |text| {
        ResourceType::of(text).ok_or_else(|| {
            let known: Vec<&str> = RESOURCE_TYPES.iter().map(|kind| kind.name).collect();
            unknown_choice(key, text, &known)
        })
    })?;
    if found.is_empty() {
        table.mistake(
            key,
            "`resources` names no type",
            "write resources = [\"clb\"], or take the cloud target out",
        );
    }
    let mut types = Vec::new();
    for kind in found {
        if types.contains(&kind) {
            let message = format!("`resources` names \"{}\" twice", kind.name);
            table.mistake(key, message, "keep one of the two");
        } else {
            types.push(kind);
        }
    }
    Some(types)
}

/// The one type that named instances are of; what is wrong with it is noted at the instances.
fn named_type(table: &Table<'_>, key: &str) -> Option<&'static ResourceType> {
    table.value(key)?;
    let resources = table.value("resources")?.get_ref().as_array()?;
    let types: Option<Vec<_>> = resources
        .iter()
        .map(|entry| entry.get_ref().as_str().and_then(ResourceType::of))
        .collect();
    match types?.as_slice() {
        [] => None,
        [kind] if kind.parts.is_empty() => {
            table.mistake(
                key,
                format!("instances of type \"{}\" can't be named", kind.name),
                "leave `instances` out: what an earlier certificate is bound to is moved",
            );
            None
        }
        [kind] => Some(kind),
        _ => {
            table.mistake(
                key,
                "`instances` can be of one type only",
                "write a [[certificates.cloud]] for each type",
            );
            None
        }
    }
}

fn instances(table: &Table<'_>, key: &str) -> Option<Vec<String>> {
    let kind = named_type(table, key)?;
    let instances = table.texts(key, |text| kind.check(text))?;
    if instances.is_empty() {
        let help = format!("write instances = [\"{}\"], or leave it out", kind.example);
        table.mistake(key, "`instances` names nothing", help);
    }
    let mut sorted: Vec<&String> = instances.iter().collect();
    sorted.sort_unstable();
    if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        let message = format!("`instances` names {} twice", quoted(pair[0]));
        table.mistake(key, message, "keep one of the two");
        return None;
    }
    Some(instances)
}

/// The region of named instances: from their text where that has it, else from `region`.
fn region(table: &Table<'_>, kind: &ResourceType, cloud: &Cloud) -> Option<Option<String>> {
    if kind.names_region() {
        let instances = cloud.instances.iter();
        let mut found: Vec<&str> = instances.filter_map(|one| kind.region_in(one)).collect();
        found.dedup();
        if let [one] = found.as_slice() {
            return Some(Some((*one).to_owned()));
        }
        table.mistake(
            "instances",
            "`instances` are in more than one region",
            "write a [[certificates.cloud]] for each region",
        );
        return None;
    }
    if kind.regional && !table.has("region") {
        table.missing(
            format!("instances of type \"{}\" need their `region`", kind.name),
            "add region = \"ap-guangzhou\", or wherever they are",
        );
        return None;
    }
    if !kind.regional && table.has("region") {
        let message = format!("type \"{}\" has no regions", kind.name);
        table.mistake("region", message, "leave `region` out");
        return None;
    }
    Some(cloud.region.clone())
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
