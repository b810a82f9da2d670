//! Settings of the server, as a file gives them. Nothing is constructed here.

use std::{net::SocketAddr, path::PathBuf};

use serde::{Deserialize, Deserializer, de::Error};

use crate::domain::application::{ConclusionBasis, CountingPolicy, ReworkPolicy};

/// The settings of `disclosure serve`; each has a default.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// The directory that holds the log.
    pub data: PathBuf,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// Whether clients may ask for the contract by reflection.
    pub reflection: bool,
    /// How applications are counted where the law leaves it open.
    pub policy: PolicySettings,
    /// The fonts that paper is printed with.
    pub fonts: FontFiles,
}

/// Font files besides those that come with the program.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FontFiles {
    /// For the text, tried first.
    pub body: Vec<PathBuf>,
    /// For headings and what is strong, tried first.
    pub headings: Vec<PathBuf>,
    /// For characters that no other font has.
    pub fallback: Vec<PathBuf>,
}

/// The settings under `[policy]`; each has a default.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PolicySettings {
    /// What a decision made anew does to the result.
    #[serde(deserialize_with = "rework_policy")]
    pub rework_policy: ReworkPolicy,
    /// Which day makes a result one of the year.
    #[serde(deserialize_with = "conclusion_basis")]
    pub conclusion_basis: ConclusionBasis,
}

impl Default for PolicySettings {
    fn default() -> Self {
        let CountingPolicy { rework_policy, conclusion_basis } = CountingPolicy::default();
        Self { rework_policy, conclusion_basis }
    }
}

impl PolicySettings {
    /// The policy under which applications are counted.
    #[must_use]
    pub const fn counting(self) -> CountingPolicy {
        let Self { rework_policy, conclusion_basis } = self;
        CountingPolicy { rework_policy, conclusion_basis }
    }
}

fn rework_policy<'de, D: Deserializer<'de>>(from: D) -> Result<ReworkPolicy, D::Error> {
    keyed(
        from,
        ReworkPolicy::from_key,
        &ReworkPolicy::ALL.iter().map(|v| v.key()).collect::<Vec<_>>(),
    )
}

fn conclusion_basis<'de, D: Deserializer<'de>>(from: D) -> Result<ConclusionBasis, D::Error> {
    keyed(
        from,
        ConclusionBasis::from_key,
        &ConclusionBasis::ALL.iter().map(|v| v.key()).collect::<Vec<_>>(),
    )
}

/// A value of a closed list, by its key.
fn keyed<'de, D: Deserializer<'de>, T>(
    from: D,
    find: fn(&str) -> Option<T>,
    keys: &[&str],
) -> Result<T, D::Error> {
    let key = String::deserialize(from)?;
    let unknown = || D::Error::custom(format!("{key:?} is not one of {}", keys.join(", ")));
    find(&key).ok_or_else(unknown)
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::from("disclosure-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 50_051)),
            reflection: false,
            policy: PolicySettings::default(),
            fonts: FontFiles::default(),
        }
    }
}

impl Settings {
    /// Reads settings from TOML.
    ///
    /// # Errors
    ///
    /// When the text is not TOML, or names a setting that there is not.
    pub fn parse(text: &str) -> Result<Self, toml::de::Error> {
        toml::from_str(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_states_the_defaults() {
        let sample = include_str!("../docs/operating/disclosure.toml");
        assert_eq!(Settings::parse(sample).unwrap(), Settings::default());
    }

    #[test]
    fn font_files_are_named_by_what_they_are_for() {
        let settings = Settings::parse("[fonts]\nfallback = [\"a.otf\", \"b.ttc\"]").unwrap();
        let fallback = vec![PathBuf::from("a.otf"), PathBuf::from("b.ttc")];
        assert_eq!(settings.fonts, FontFiles { fallback, ..FontFiles::default() });
        let error = Settings::parse("[fonts]\nfallbck = []").unwrap_err();
        assert!(error.message().contains("fallbck"), "{error}");
    }

    #[test]
    fn an_unknown_setting_is_refused_by_name() {
        let error = Settings::parse("lisen = 1").unwrap_err();
        assert!(error.message().contains("lisen"), "{error}");
        let error = Settings::parse("[policy]\nsole_trader = \"other_org\"").unwrap_err();
        assert!(error.message().contains("sole_trader"), "{error}");
    }

    #[test]
    fn a_policy_is_set_by_its_keys_and_another_is_refused() {
        let text = "[policy]\nrework_policy = \"replace_if_same_year\"";
        let policy = Settings::parse(text).unwrap().policy.counting();
        assert_eq!(policy.rework_policy, ReworkPolicy::ReplaceIfSameYear);
        assert_eq!(policy.conclusion_basis, ConclusionBasis::Service);
        let error = Settings::parse("[policy]\nconclusion_basis = \"posting\"").unwrap_err();
        assert!(error.message().contains("service, decision"), "{error}");
    }
}
