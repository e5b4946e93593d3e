//! Choices.

/// Takes choices from a list of numbers. A property test draws and shrinks the list; when it is used up, every
/// further choice is the first one, so that shorter lists give plainer inputs.
#[derive(Debug, Clone)]
pub struct Dice(std::vec::IntoIter<u32>);

impl Dice {
    /// Dice that fall as written.
    pub fn new(choices: Vec<u32>) -> Self {
        Self(choices.into_iter())
    }

    /// A number below `sides`; 0 when there are no sides.
    pub fn below(&mut self, sides: usize) -> usize {
        let thrown = self.0.next().unwrap_or_default() as usize;
        thrown.checked_rem(sides).unwrap_or_default()
    }

    /// One of the items.
    ///
    /// # Panics
    /// When there are none.
    pub fn pick<'i, T>(&mut self, items: &'i [T]) -> &'i T {
        &items[self.below(items.len())]
    }

    /// True in one of `count` cases, and never once the choices are used up.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) + 1 == count
    }
}
