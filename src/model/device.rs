//! Where a model runs.

use std::{fmt, str::FromStr};

use candle_core::Device;

use super::ModelError;

/// A device by name: `cpu`, `cuda`, `cuda:1`, `metal`.
///
/// ```
/// use constrained_gen::model::DeviceChoice;
///
/// assert_eq!("cuda:1".parse::<DeviceChoice>()?, DeviceChoice::Cuda(1));
/// assert_eq!(DeviceChoice::default().to_string(), "cpu");
/// # Ok::<(), constrained_gen::model::ModelError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum DeviceChoice {
    /// The processor.
    #[default]
    Cpu,
    /// An NVIDIA GPU by number; needs the cargo feature `cuda`.
    Cuda(usize),
    /// An Apple GPU by number; needs the cargo feature `metal`.
    Metal(usize),
}

impl DeviceChoice {
    /// Opens the device.
    pub(super) fn open(self) -> Result<Device, ModelError> {
        let opened = match self {
            Self::Cpu => return Ok(Device::Cpu),
            Self::Cuda(_) if !candle_core::utils::cuda_is_available() => Err("cuda"),
            Self::Metal(_) if !candle_core::utils::metal_is_available() => Err("metal"),
            Self::Cuda(number) => Ok(Device::new_cuda(number)),
            Self::Metal(number) => Ok(Device::new_metal(number)),
        };
        let refused = |problem| ModelError::Device { device: self.to_string(), problem };
        match opened {
            // Behind the first line the error tells where in this program it was met.
            Ok(device) => {
                device.map_err(|e| refused(e.to_string().lines().next().unwrap_or_default().into()))
            }
            Err(feature) => {
                Err(refused(format!("this program was built without the feature `{feature}`")))
            }
        }
    }
}

impl FromStr for DeviceChoice {
    type Err = ModelError;

    fn from_str(text: &str) -> Result<Self, ModelError> {
        let (name, number) = text.split_once(':').unwrap_or((text, "0"));
        match (name, number.parse()) {
            ("cpu", _) if text == "cpu" => Ok(Self::Cpu),
            ("cuda", Ok(number)) => Ok(Self::Cuda(number)),
            ("metal", Ok(number)) => Ok(Self::Metal(number)),
            _ => Err(ModelError::Device {
                device: format!("{text:.80?}"),
                problem: "expected cpu, cuda, cuda:NUMBER, metal or metal:NUMBER".into(),
            }),
        }
    }
}

impl fmt::Display for DeviceChoice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cpu => f.write_str("cpu"),
            Self::Cuda(number) => write!(f, "cuda:{number}"),
            Self::Metal(number) => write!(f, "metal:{number}"),
        }
    }
}
