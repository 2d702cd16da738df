//! A Qwen3 model, wherever it runs.

use std::sync::Arc;

use candle_core::{Device, Tensor};

use super::{
    Config, DeviceChoice, KvCache, ModelError, ModelOptions, Part, RopeRule,
    host::{Host, Loaded},
    kernel::{Matrix, Threads},
    source::Source,
    tensors::Tensors,
};
use crate::projection::Projection;

/// The weights of a model and its forward pass. Immutable and shared by all sequences.
#[derive(Debug)]
pub struct Qwen3 {
    config: Config,
    /// As it was read, before a rule of positions was applied.
    plain: Config,
    forward: Forward,
}

#[derive(Debug)]
enum Forward {
    Host(Host),
    Device(Tensors),
}

/// Hidden states after the last norm, one per token.
#[derive(Clone, Debug)]
pub struct Hidden {
    width: usize,
    rows: Rows,
}

#[derive(Clone, Debug)]
enum Rows {
    Host(Vec<f32>),
    Device(Tensor),
}

impl Hidden {
    /// Tokens.
    pub fn tokens(&self) -> usize {
        match &self.rows {
            Rows::Host(values) => values.len() / self.width,
            Rows::Device(tensor) => tensor.dims()[0],
        }
    }

    /// Numbers per token.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The numbers, token by token.
    ///
    /// # Errors
    /// The device failed.
    pub fn values(&self) -> Result<Vec<f32>, ModelError> {
        match &self.rows {
            Rows::Host(values) => Ok(values.clone()),
            Rows::Device(tensor) => Ok(tensor.flatten_all()?.to_vec1()?),
        }
    }

    /// Those of the last `count` tokens, or of all if there are no more.
    ///
    /// # Errors
    /// The device failed.
    pub fn last(&self, count: usize) -> Result<Self, ModelError> {
        let count = count.min(self.tokens());
        self.part(self.tokens() - count, count)
    }

    /// That of one token.
    ///
    /// # Errors
    /// There is none at this place; the device failed.
    pub fn at(&self, place: usize) -> Result<Self, ModelError> {
        if place >= self.tokens() {
            let problem = format!("no hidden state {place}: there are {}", self.tokens());
            return Err(candle_core::Error::Msg(problem).into());
        }
        self.part(place, 1)
    }

    fn part(&self, first: usize, count: usize) -> Result<Self, ModelError> {
        let rows = match &self.rows {
            Rows::Host(values) => {
                Rows::Host(values[first * self.width..][..count * self.width].to_vec())
            }
            Rows::Device(tensor) => Rows::Device(tensor.narrow(0, first, count)?),
        };
        Ok(Self { width: self.width, rows })
    }
}

impl Qwen3 {
    pub(super) fn load(
        plain: Config,
        options: &ModelOptions,
        source: &mut dyn Source,
    ) -> Result<Self, ModelError> {
        let config = options.rope.of(&plain);
        let forward = match options.device.open()? {
            Device::Cpu => {
                let threads = Threads::new(options.threads).map_err(|error| {
                    let problem = format!("{} threads: {error}", options.threads);
                    ModelError::Device { device: "cpu".into(), problem }
                })?;
                Forward::Host(Host::load(&config, Arc::new(threads), source)?)
            }
            device => Forward::Device(Tensors::load(&config, source, &device)?),
        };
        Ok(Self { config, plain, forward })
    }

    /// The same model on a device, its weights in f32 there: how an [adapter](Self::merged) gets there, which is merged on the
    /// processor before. Costs the time to widen and copy all weights.
    ///
    /// # Errors
    /// The device cannot be opened, or has no memory for the weights; the model is on a device.
    pub fn on(&self, device: DeviceChoice) -> Result<Self, ModelError> {
        let Some(host) = self.host() else {
            return Err(candle_core::Error::Msg("the model is on a device".into()).into());
        };
        let tensors = Tensors::load(&self.config, &mut Loaded(host), &device.open()?)?;
        let forward = Forward::Device(tensors);
        Ok(Self { config: self.config.clone(), plain: self.plain.clone(), forward })
    }

    /// The same model under another rule of positions, if that is another one; the weights are shared.
    pub(super) fn with_rope(&self, rule: RopeRule) -> Result<Option<Self>, ModelError> {
        let config = rule.of(&self.plain);
        if config == self.config {
            return Ok(None);
        }
        let Some(host) = self.host() else {
            return Err(candle_core::Error::Msg("the model is on a device".into()).into());
        };
        let forward = Forward::Host(host.with_rope(&config));
        Ok(Some(Self { config, plain: self.plain.clone(), forward }))
    }

    /// The shape.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Threads that it uses; 1 on a device.
    pub fn threads(&self) -> usize {
        match &self.forward {
            Forward::Host(host) => host.threads().count(),
            Forward::Device(_) => 1,
        }
    }

    /// Bytes of its weights in memory; `None` on a device.
    pub fn bytes(&self) -> Option<usize> {
        match &self.forward {
            Forward::Host(host) => Some(host.bytes()),
            Forward::Device(_) => None,
        }
    }

    pub(super) fn host(&self) -> Option<&Host> {
        match &self.forward {
            Forward::Host(host) => Some(host),
            Forward::Device(_) => None,
        }
    }

    /// The same model with other projections, in memory.
    pub(super) fn with_projections(
        &self,
        host: &Host,
        replace: impl FnMut(usize, Projection) -> Option<Matrix>,
    ) -> Self {
        let forward = Forward::Host(host.with_projections(replace));
        Self { config: self.config.clone(), plain: self.plain.clone(), forward }
    }

    /// An empty cache, for texts as long as the model's context.
    ///
    /// # Errors
    /// There is no memory for it on the device.
    pub fn cache(&self) -> Result<KvCache, ModelError> {
        self.cache_for(self.config.rope_scaling.context(self.config.max_position_embeddings))
    }

    /// An empty cache for texts of at most `limit` tokens, which may be more than the model was made for.
    ///
    /// # Errors
    /// There is no memory for it on the device.
    pub fn cache_for(&self, limit: usize) -> Result<KvCache, ModelError> {
        match &self.forward {
            Forward::Host(_) => Ok(KvCache::host(&self.config, limit)),
            Forward::Device(tensors) => Ok(KvCache::device(&self.config, limit, tensors.device())?),
        }
    }

    /// Reads tokens behind those in the cache; their hidden states. Any number of tokens may follow any other: the result
    /// is that of one pass over all of them, to the bit on the processor (but see
    /// [`RopeScaling::Dynamic`](super::RopeScaling::Dynamic)).
    ///
    /// # Errors
    /// No token; more than the cache can hold; a token without a row; the device failed. The cache then holds what it
    /// held.
    pub fn forward(&self, tokens: &[u32], cache: &mut KvCache) -> Result<Hidden, ModelError> {
        let mut parts = [Part { tokens, cache, adapter: None }];
        Ok(self.forward_batch(&mut parts)?.swap_remove(0))
    }

    /// Reads several sequences at once, each under an adapter of its own or none: weights are read once for all. Results
    /// are those of reading them one by one, to the bit on the processor.
    ///
    /// # Errors
    /// As [`forward`](Self::forward), for any part; and where an adapter belongs to a model of another shape, or the
    /// model is on a device. All caches then hold what they held.
    pub fn forward_batch(&self, parts: &mut [Part<'_>]) -> Result<Vec<Hidden>, ModelError> {
        let rows = self.config.vocab_size;
        for part in &*parts {
            if part.tokens.is_empty() {
                return Err(candle_core::Error::Msg("no token to read".into()).into());
            }
            if let Some(token) = part.tokens.iter().find(|t| **t as usize >= rows) {
                let problem = format!("token {token} has no row: the model has {rows}");
                return Err(candle_core::Error::Msg(problem).into());
            }
            part.cache.check(&self.config, part.tokens.len())?;
            if let Some(adapter) = part.adapter {
                adapter.check(&self.config)?;
            }
        }
        let width = self.config.hidden_size;
        match &self.forward {
            Forward::Host(host) => {
                let hidden = host.forward(&self.config, parts).into_iter();
                Ok(hidden.map(|rows| Hidden { width, rows: Rows::Host(rows) }).collect())
            }
            Forward::Device(tensors) => {
                if parts.iter().any(|part| part.adapter.is_some()) {
                    let problem = "adapters apart from the weights are for the processor: merge it, or use the cpu";
                    return Err(candle_core::Error::Msg(problem.into()).into());
                }
                let before: Vec<usize> = parts.iter().map(|part| part.cache.len()).collect();
                let read = |part: &mut Part<'_>| tensors.forward(part.tokens, part.cache);
                match parts.iter_mut().map(read).collect::<candle_core::Result<Vec<_>>>() {
                    Ok(hidden) => Ok(hidden
                        .into_iter()
                        .map(|tensor| Hidden { width, rows: Rows::Device(tensor) })
                        .collect()),
                    Err(error) => {
                        parts.iter_mut().zip(before).for_each(|(p, len)| p.cache.truncate(len));
                        Err(error.into())
                    }
                }
            }
        }
    }

    /// All logits of hidden states, token by token.
    ///
    /// # Errors
    /// The device failed.
    pub fn logits(&self, hidden: &Hidden) -> Result<Vec<f32>, ModelError> {
        match (&self.forward, &hidden.rows) {
            (Forward::Host(host), Rows::Host(values)) => Ok(host.logits(values)),
            (Forward::Device(tensors), Rows::Device(tensor)) => {
                Ok(tensors.logits(tensor)?.flatten_all()?.to_vec1()?)
            }
            _ => Err(elsewhere()),
        }
    }

    /// The logits of some rows for the hidden state of one token, into `out`: the numbers that
    /// [`logits`](Self::logits) has there. On the processor the others are not computed: O(rows asked for).
    ///
    /// # Errors
    /// A row that is not there, hidden states of several tokens, the device failed.
    pub fn logits_of(
        &self,
        hidden: &Hidden,
        rows: &[u32],
        out: &mut Vec<f32>,
    ) -> Result<(), ModelError> {
        if hidden.tokens() != 1 {
            let problem = format!("hidden states of {} tokens, expected 1", hidden.tokens());
            return Err(candle_core::Error::Msg(problem).into());
        }
        let all = self.config.vocab_size;
        if let Some(row) = rows.iter().find(|row| **row as usize >= all) {
            let problem = format!("token {row} has no row: the model has {all}");
            return Err(candle_core::Error::Msg(problem).into());
        }
        match (&self.forward, &hidden.rows) {
            (Forward::Host(host), Rows::Host(values)) => {
                host.logits_of(values, rows, out);
                Ok(())
            }
            _ => {
                let row = self.logits(hidden)?;
                out.clear();
                out.extend(rows.iter().map(|i| row[*i as usize]));
                Ok(())
            }
        }
    }
}

fn elsewhere() -> ModelError {
    candle_core::Error::Msg("the hidden states are on another device".into()).into()
}
