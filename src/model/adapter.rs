//! LoRA, rsLoRA and DoRA adapters in PEFT's layout, apart from the weights or merged into them.
//!
//! With V = W + s B A, where s is alpha / r (alpha / sqrt(r) for rsLoRA), a projection gives V x; for DoRA (Liu and others
//! 2024) each of its rows is scaled to the length that the adapter holds: (m / |V|) V x. The lengths |V| depend on weights
//! alone and are computed once. What PEFT has beyond that is refused by name, and every tensor of the file has its place.

use std::{collections::BTreeSet, path::Path};

use super::{
    Config, ModelError, Qwen3,
    adapter_config::{AdapterConfig, Target},
    host::Host,
    kernel::{Input, LowRank, Matrix, Threads, products},
    weights::Weights,
};
use crate::projection::Projection;

/// The file that says how an adapter is made.
const CONFIG: &str = "adapter_config.json";

/// The file of an adapter's tensors.
const WEIGHTS: &str = "adapter_model.safetensors";

/// An adapter for models of one shape. It is small, immutable and shared: which one a sequence is read under is a matter
/// of a pointer.
#[derive(Debug)]
pub struct Adapter {
    /// By layer, in the order of [`Projection::ALL`].
    layers: Vec<[Option<LowRank>; 7]>,
    /// The shape of the model.
    config: Config,
}

impl Adapter {
    /// Reads `adapter_config.json` and `adapter_model.safetensors` of a directory, for this model.
    ///
    /// # Errors
    /// A file is missing or broken; something is asked for that is not implemented; a tensor is missing, too many, or of
    /// another shape than model and rank ask for; the model is not on the processor.
    pub fn open(directory: &Path, model: &Qwen3) -> Result<Self, ModelError> {
        let read = |file: &str| {
            let path = directory.join(file);
            let name = path.display().to_string();
            match std::fs::read(&path) {
                Ok(bytes) => Ok((name, bytes)),
                Err(source) => Err(ModelError::Read { file: name, source }),
            }
        };
        let (config, weights) = (read(CONFIG)?, read(WEIGHTS)?);
        Self::read((&config.0, &config.1), (&weights.0, weights.1), model)
    }

    /// As [`open`](Self::open), from the two files' names, for messages, and bytes.
    ///
    /// # Errors
    /// As there.
    pub fn read(
        (config_name, config): (&str, &[u8]),
        (weights_name, weights): (&str, Vec<u8>),
        model: &Qwen3,
    ) -> Result<Self, ModelError> {
        let config = AdapterConfig::from_json(config_name, config)?;
        let mut weights = Weights::of_adapter(weights_name, weights)?;
        let host = model.host().ok_or_else(|| ModelError::Device {
            device: "gpu".into(),
            problem:
                "adapters are read for models on the processor; one merged there can be moved to it"
                    .into(),
        })?;
        let mut left: BTreeSet<String> = weights.names().map(str::to_owned).collect();
        let mut layers = Vec::new();
        for layer in 0..model.config().num_hidden_layers {
            let mut own = [const { None }; 7];
            for projection in Projection::ALL {
                let module = format!("model.layers.{layer}.{}", projection.module());
                if let Some(target) = config.target(&module) {
                    let mut taken = Tensors { weights: &mut weights, left: &mut left };
                    let matrix = host.projection(layer, projection);
                    let delta = taken.delta(&module, target, matrix, host.threads())?;
                    own[projection as usize] = Some(delta);
                }
            }
            layers.push(own);
        }
        if let Some(tensor) = left.first() {
            let problem = "is no part of a projection that adapter_config.json names as a target";
            return Err(weights.wrong(Some(tensor), problem));
        }
        Ok(Self { layers, config: model.config().clone() })
    }

    /// Bytes in memory.
    pub fn bytes(&self) -> usize {
        self.layers.iter().flatten().flatten().map(LowRank::bytes).sum()
    }

    /// The rank of its largest part.
    pub fn rank(&self) -> usize {
        self.layers.iter().flatten().flatten().map(LowRank::rank).max().unwrap_or(0)
    }

    /// An adapter of six projections (all but the gate's) by chance, to measure what one costs.
    ///
    /// # Errors
    /// The model is not on the processor.
    pub fn random(model: &Qwen3, rank: usize, seed: u64) -> Result<Self, ModelError> {
        let Some(host) = model.host() else {
            return Err(candle_core::Error::Msg("the model is on a device".into()).into());
        };
        let mut dice = super::kernel::Dice::new(seed);
        let mut layers = Vec::new();
        for layer in 0..model.config().num_hidden_layers {
            layers.push(Projection::ALL.map(|projection| {
                let matrix = host.projection(layer, projection);
                let (rows, columns) = (matrix.rows(), matrix.columns());
                (projection != Projection::Gate).then(|| {
                    let a = dice.numbers(rank * columns, 0.02);
                    let b = dice.numbers(rows * rank, 0.02);
                    let gain = dice.numbers(rows, 0.1).into_iter().map(|x| 1.0 + x).collect();
                    LowRank::new(a, &b, rank, columns, Some(gain)).over(matrix)
                })
            }));
        }
        Ok(Self { layers, config: model.config().clone() })
    }

    /// Whether it was made for models of this shape.
    pub(super) fn check(&self, config: &Config) -> Result<(), ModelError> {
        let shapes = |config: &Config| Projection::ALL.map(|p| p.shape(config));
        if self.layers.len() == config.num_hidden_layers && shapes(&self.config) == shapes(config) {
            return Ok(());
        }
        Err(candle_core::Error::Msg("the adapter belongs to a model of another shape".into())
            .into())
    }

    /// What it does to a projection.
    pub(super) fn part(&self, layer: usize, projection: Projection) -> Option<&LowRank> {
        self.layers[layer][projection as usize].as_ref()
    }

    /// Adds to `outs`, the results of the projections `which` for all tokens of a batch, what belongs to the tokens from
    /// `first` on, whose inputs are `x`.
    pub(super) fn apply(
        &self,
        threads: &Threads,
        layer: usize,
        which: &[Projection],
        first: usize,
        x: &Input<'_>,
        outs: &mut [Vec<f32>],
    ) {
        let parts = which.iter().map(|projection| self.part(layer, *projection));
        let small: Vec<&Matrix> = parts.clone().flatten().map(LowRank::inner).collect();
        let mut inner = products(threads, &small, x).into_iter();
        let parts = parts.zip(outs).filter_map(|(part, out)| {
            let (part, inner) = (part?, part.and_then(|_| inner.next())?);
            Some((part, inner, &mut out[first * part.rows()..]))
        });
        LowRank::add_all(threads, parts.collect());
    }
}

impl Qwen3 {
    /// The same model with an adapter merged into its weights: costs nothing per token, but memory for the projections
    /// that it changes, in f32, and the time to compute them.
    ///
    /// # Errors
    /// The adapter belongs to a model of another shape, or the model is on a device.
    pub fn merged(&self, adapter: &Adapter) -> Result<Self, ModelError> {
        adapter.check(self.config())?;
        let Some(host) = self.host() else {
            return Err(candle_core::Error::Msg("the model is on a device".into()).into());
        };
        Ok(self.with_projections(host, |layer, projection| {
            let part = adapter.part(layer, projection)?;
            Some(part.merged(host.projection(layer, projection), host.threads()))
        }))
    }
}

/// Tensors of a file, and those of them that nobody has asked for.
struct Tensors<'a> {
    weights: &'a mut Weights,
    left: &'a mut BTreeSet<String>,
}

impl Tensors<'_> {
    fn delta(
        &mut self,
        module: &str,
        target: Target,
        matrix: &Matrix,
        threads: &Threads,
    ) -> Result<LowRank, ModelError> {
        let (rows, columns, rank) = (matrix.rows(), matrix.columns(), target.rank);
        let prefix = format!("base_model.model.{module}");
        let a = self.take(&format!("{prefix}.lora_A.weight"), &[rank, columns])?;
        let mut b = self.take(&format!("{prefix}.lora_B.weight"), &[rows, rank])?;
        b.iter_mut().for_each(|b| *b *= target.scale);
        let gain = if target.dora {
            let mut name = format!("{prefix}.lora_magnitude_vector");
            // Older files have the name of a module's weight.
            if self.weights.shape(&name).is_none() {
                name.push_str(".weight");
            }
            let mut gain = self.take(&name, &[rows])?;
            let lengths = LowRank::new(a.clone(), &b, rank, columns, None).lengths(matrix, threads);
            gain.iter_mut().zip(lengths).for_each(|(gain, length)| *gain /= length);
            // A row of zeros has no direction: PEFT computes 0 / 0.
            if let Some(row) = gain.iter().position(|gain| !gain.is_finite()) {
                let problem = format!("row {row} of the weights with the adapter has no length");
                return Err(self.weights.wrong(Some(&name), &problem));
            }
            Some(gain)
        } else {
            None
        };
        Ok(LowRank::new(a, &b, rank, columns, gain).over(matrix))
    }

    fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f32>, ModelError> {
        if let Some(found) = self.weights.shape(name)
            && found != shape
        {
            return Err(ModelError::AdapterShape {
                file: self.weights.file(),
                tensor: name.to_owned(),
                found: found.to_vec(),
                expected: shape.to_vec(),
            });
        }
        self.left.remove(name);
        let numbers = self.weights.numbers(name, shape)?;
        match numbers.iter().find(|number| !number.is_finite()) {
            None => Ok(numbers),
            Some(number) => {
                let problem = format!("holds {number}, which is no number to multiply with");
                Err(self.weights.wrong(Some(name), problem))
            }
        }
    }
}

impl Host {
    /// Some projections of the same rows under one adapter: what is small of it is multiplied together with the weights.
    pub(super) fn project_under(
        &self,
        layer: usize,
        which: &[Projection],
        adapter: &Adapter,
        input: &Input<'_>,
    ) -> Vec<Vec<f32>> {
        let mut matrices: Vec<&Matrix> =
            which.iter().map(|projection| self.projection(layer, *projection)).collect();
        let parts = which.iter().map(|projection| adapter.part(layer, *projection));
        matrices.extend(parts.clone().flatten().map(LowRank::inner));
        let mut outs = products(self.threads(), &matrices, input);
        let mut inner = outs.split_off(which.len()).into_iter();
        let parts = parts.zip(&mut outs).filter_map(|(part, out)| {
            let inner = part.and_then(|_| inner.next())?;
            Some((part?, inner, out.as_mut_slice()))
        });
        LowRank::add_all(self.threads(), parts.collect());
        outs
    }
}
