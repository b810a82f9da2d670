//! Settings of the server, as a file gives them. Nothing is constructed here.

use std::{net::SocketAddr, path::PathBuf};

use serde::Deserialize;

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
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            data: PathBuf::from("disclosure-data"),
            listen: SocketAddr::from(([127, 0, 0, 1], 50_051)),
            reflection: false,
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
    fn an_unknown_setting_is_refused_by_name() {
        let error = Settings::parse("lisen = 1").unwrap_err();
        assert!(error.message().contains("lisen"), "{error}");
    }
}
