//! Trains the classifier: multinomial logistic regression by stochastic gradient descent with AdaGrad steps.
//!
//! The same examples give the same bytes on every machine: the order of examples comes from a generator written
//! out here, and only exact floating-point operations are used.

use super::crisis;
use super::examples::{Example, Speech};
use super::features::{self, FEATURES, Feature};
use super::float::exp;
use super::lexicon::Lexicon;
use super::model::{CRISIS, HEADS, Head, INTENT, LANGUAGE, Model, OUTPUTS, Scores, probabilities};
use super::text::Text;

const EPOCHS: usize = 25;
const RATE: f32 = 0.35;
/// Pulls weights towards zero, per step.
const SHRINK: f32 = 4e-4;
/// Parts for the cross-validation that finds the temperature and the crisis threshold.
const FOLDS: usize = 4;
/// Share of the crises that alarm words and head together must find in cross-validation.
const CRISIS_RECALL: f32 = 0.95;

/// The crisis threshold never gets lower, however many crises stay unfound: everything would be an alarm.
const LOWEST_CRISIS_THRESHOLD: f32 = 0.01;

/// A text as numbers, with the class wanted from each head.
struct Sample {
    features: Vec<Feature>,
    /// `None` where the example says nothing.
    wanted: [Option<usize>; HEADS.len()],
    /// Whether an alarm word finds the crisis without the head.
    has_alarm: bool,
}

/// Trains on the examples and calibrates by cross-validation.
pub fn train(examples: &[Example], lexicon: &Lexicon) -> Model {
    let samples: Vec<Sample> = examples.iter().map(|example| Sample::new(example, lexicon)).collect();
    let unseen = cross_validate(&samples);
    let all: Vec<&Sample> = samples.iter().collect();
    let mut model = Trainer::default().run(&all);
    model.temperature = temperature(&samples, &unseen);
    model.crisis_threshold = crisis_threshold(&samples, &unseen);
    model
}

impl Sample {
    fn new(example: &Example, lexicon: &Lexicon) -> Self {
        let text = Text::parse(example.text);
        let labels = example.labels;
        let language = match example.speech {
            Speech::Known(language) => Some(language as usize),
            Speech::Foreign => Some(LANGUAGE.classes - 1),
            Speech::Wordless => None,
        };
        let wanted = [
            labels.map(|labels| labels.intent as usize),
            labels.map(|labels| labels.sentiment as usize),
            labels.map(|labels| usize::from(labels.crisis)),
            language,
        ];
        Self {
            features: features::extract(&text, lexicon),
            wanted,
            has_alarm: crisis::has_alarm(&text, lexicon),
        }
    }
}

/// Scores of every sample from a model that did not see it.
fn cross_validate(samples: &[Sample]) -> Vec<Scores> {
    let mut unseen = vec![[0.0; OUTPUTS]; samples.len()];
    for fold in 0..FOLDS {
        let others: Vec<&Sample> =
            samples.iter().enumerate().filter(|(index, _)| index % FOLDS != fold).map(|(_, s)| s).collect();
        let model = Trainer::default().run(&others);
        for index in (fold..samples.len()).step_by(FOLDS) {
            unseen[index] = model.scores(&samples[index].features);
        }
    }
    unseen
}

/// The temperature at which the wanted class is on average as probable as it should be: where the slope of the
/// log-likelihood is zero. The likelihood is concave in `1 / temperature`, so halving the interval finds it.
fn temperature(samples: &[Sample], unseen: &[Scores]) -> f32 {
    let slope = |inverse: f32| -> f32 {
        let pairs = samples.iter().zip(unseen);
        pairs
            .filter_map(|(sample, scores)| {
                let wanted = sample.wanted[INTENT.index]?;
                let likely = probabilities(scores, INTENT, 1.0 / inverse);
                let expected: f32 =
                    likely.iter().zip(&scores[INTENT.start..]).map(|(p, score)| p * score).sum();
                Some(scores[INTENT.start + wanted] - expected)
            })
            .sum()
    };
    let (mut low, mut high) = (0.05_f32, 10.0_f32);
    for _ in 0..40 {
        let middle = (low + high) / 2.0;
        if slope(middle) > 0.0 { low = middle } else { high = middle }
    }
    1.0 / low
}

/// The highest threshold that still finds the wanted share of crises.
fn crisis_threshold(samples: &[Sample], unseen: &[Scores]) -> f32 {
    let mut found: Vec<f32> = samples
        .iter()
        .zip(unseen)
        .filter(|(sample, _)| sample.wanted[CRISIS.index] == Some(1))
        .map(|(sample, scores)| if sample.has_alarm { 1.0 } else { crisis::danger(scores) })
        .collect();
    found.sort_by(f32::total_cmp);
    let missed = ((1.0 - CRISIS_RECALL) * found.len() as f32) as usize;
    found.get(missed).copied().unwrap_or(0.5).clamp(LOWEST_CRISIS_THRESHOLD, 0.5)
}

/// Weights while they are being learned.
struct Trainer {
    weights: Vec<Scores>,
    biases: Scores,
    /// Sums of squared gradients, per row and head: rows often seen take smaller steps.
    squares: Vec<[f32; HEADS.len()]>,
    random: u64,
}

impl Default for Trainer {
    fn default() -> Self {
        Self {
            weights: vec![[0.0; OUTPUTS]; FEATURES],
            biases: [0.0; OUTPUTS],
            squares: vec![[0.0; HEADS.len()]; FEATURES],
            random: 0x9e37_79b9_7f4a_7c15,
        }
    }
}

impl Trainer {
    fn run(mut self, samples: &[&Sample]) -> Model {
        let mut order: Vec<usize> = (0..samples.len()).collect();
        for epoch in 0..EPOCHS {
            let rate = RATE * (1.0 - epoch as f32 / EPOCHS as f32);
            self.shuffle(&mut order);
            for &index in &order {
                self.step(samples[index], rate);
            }
        }
        Model::quantise(&self.weights, self.biases)
    }

    fn step(&mut self, sample: &Sample, rate: f32) {
        let mut scores = self.biases;
        for feature in &sample.features {
            let row = &self.weights[feature.row as usize];
            scores.iter_mut().zip(row).for_each(|(score, weight)| *score += feature.value * weight);
        }
        let (errors, sizes) = errors(sample, &scores);
        for (bias, error) in self.biases.iter_mut().zip(errors) {
            *bias -= rate * 0.02 * error;
        }
        for feature in &sample.features {
            for head in HEADS.into_iter().filter(|head| sizes[head.index] > 0.0) {
                self.correct(*feature, head, &errors, sizes[head.index], rate);
            }
        }
    }

    /// One AdaGrad step for one feature and head.
    fn correct(&mut self, feature: Feature, head: Head, errors: &Scores, size: f32, rate: f32) {
        let row = feature.row as usize;
        let square = &mut self.squares[row][head.index];
        *square += feature.value * feature.value * size;
        let pace = rate / (square.sqrt() + 1e-3);
        for output in head.columns() {
            let weight = &mut self.weights[row][output];
            *weight -= pace * (feature.value * errors[output] + SHRINK * *weight);
        }
    }

    /// Fisher–Yates with xorshift.
    fn shuffle(&mut self, order: &mut [usize]) {
        for last in (1..order.len()).rev() {
            self.random ^= self.random << 13;
            self.random ^= self.random >> 7;
            self.random ^= self.random << 17;
            order.swap(last, (self.random % (last as u64 + 1)) as usize);
        }
    }
}

/// How far each output is from what is wanted, and the squared length of that per head.
fn errors(sample: &Sample, scores: &Scores) -> (Scores, [f32; HEADS.len()]) {
    let mut errors = [0.0; OUTPUTS];
    let mut sizes = [0.0; HEADS.len()];
    for head in HEADS {
        let Some(wanted) = sample.wanted[head.index] else { continue };
        let highest = scores[head.columns()].iter().copied().fold(f32::MIN, f32::max);
        let mut sum = 0.0;
        for output in head.columns() {
            errors[output] = exp(scores[output] - highest);
            sum += errors[output];
        }
        for output in head.columns() {
            let target = if output - head.start == wanted { 1.0 } else { 0.0 };
            errors[output] = errors[output] / sum - target;
            sizes[head.index] += errors[output] * errors[output];
        }
    }
    (errors, sizes)
}

#[cfg(test)]
mod tests {
    use tenants::intent::{Intent, Language, Sentiment};

    use super::super::examples::Labels;
    use super::super::model::best;
    use super::*;

    fn example(text: &'static str, intent: Intent) -> Example {
        let labels = Labels { intent, sentiment: Sentiment::Neutral, crisis: false };
        Example { text, labels: Some(labels), speech: Speech::Known(Language::English), kind: None }
    }

    #[test]
    fn a_few_clear_examples_are_learned() {
        let examples = [
            example("lovely dress", Intent::Praise),
            example("lovely shoes", Intent::Praise),
            example("when do you open", Intent::Question),
            example("when does it open", Intent::Question),
        ];
        let lexicon = Lexicon::default();
        let model = train(&examples, &lexicon);
        let intent = |raw| {
            let scores = model.scores(&features::extract(&Text::parse(raw), &lexicon));
            Intent::ALL[best(&probabilities(&scores, INTENT, 1.0)[..INTENT.classes])]
        };
        assert_eq!(intent("lovely hat"), Intent::Praise);
        assert_eq!(intent("when can I come"), Intent::Question);
    }
}
