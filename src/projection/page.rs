//! Lists, a page at a time.

/// A page of a list that is ordered by a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The key after which the next page begins; `None` at the end.
    pub next_after: Option<String>,
}

impl<T> Page<T> {
    /// The first `size` of `items`, which come with their keys and in order.
    pub(super) fn take(mut items: impl Iterator<Item = (String, T)>, size: usize) -> Self {
        let mut last = None;
        let page: Vec<T> = items
            .by_ref()
            .take(size)
            .map(|(key, item)| {
                last = Some(key);
                item
            })
            .collect();
        let next_after = if items.next().is_some() { last } else { None };
        Self { items: page, next_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_page_says_that_it_is_the_last() {
        let items = || ["a", "b", "c"].into_iter().map(|key| (key.to_owned(), key));
        assert_eq!(Page::take(items(), 2).next_after, Some("b".to_owned()));
        assert_eq!(Page::take(items(), 3).next_after, None);
        assert_eq!(Page::take(items(), 3).items, ["a", "b", "c"]);
    }
}
