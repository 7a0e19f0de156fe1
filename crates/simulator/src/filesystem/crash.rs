//! What a power cut leaves: the durable image and some of what was on its way to it.

use super::content::Content;
use super::effect::Effect;
use super::image::{Body, Image, Object};
use crate::choices::Choices;
use std::collections::BTreeMap;

/// The smallest piece of a file that is written whole.
const SECTOR: usize = 512;

/// More pieces than this are not decided one by one.
const PIECES: usize = 16;

/// Brings a choice of the waiting effects to the durable image.
pub(super) fn survive(durable: &mut Image, waiting: &[Effect], ordered: bool, choices: &mut dyn Choices) {
    let kept = match choices.choose(4, "power cut: everything, nothing or some of it was written") {
        0 => vec![true; waiting.len()],
        1 => vec![false; waiting.len()],
        _ if ordered => beginning(waiting.len(), choices),
        _ => some(waiting, choices),
    };
    let mut files: BTreeMap<Object, Vec<(&Effect, bool)>> = BTreeMap::new();
    for (effect, kept) in waiting.iter().zip(&kept) {
        match effect.inner_object() {
            Some(object) => files.entry(object).or_default().push((effect, *kept)),
            None if *kept => effect.apply(durable),
            None => {}
        }
    }
    for (object, effects) in files {
        if durable.get(object).is_none() {
            continue;
        }
        if ordered {
            write_in_order(durable, object, &effects, choices);
        } else {
            write_pieces(durable, object, &effects, choices);
        }
    }
}

/// A journal: what is later is on the disk only with all that is earlier.
fn beginning(many: usize, choices: &mut dyn Choices) -> Vec<bool> {
    let lost = choices.choose(many as u64 + 1, "power cut: steps lost from the end");
    (0..many as u64).map(|index| index + lost < many as u64).collect()
}

/// No order but that of needs: an effect whose need is lost is lost, for each other one it is a choice.
fn some(waiting: &[Effect], choices: &mut dyn Choices) -> Vec<bool> {
    let mut kept = vec![true; waiting.len()];
    for later in 0..waiting.len() {
        let effect = &waiting[later];
        let possible = (0..later).all(|earlier| kept[earlier] || !effect.needs(&waiting[earlier]));
        // Bytes are decided piece by piece afterwards.
        kept[later] =
            possible && (effect.is_write() || choices.choose(2, "power cut: this step is lost") == 0);
    }
    kept
}

/// Each piece of the file holds what some number of the writes made of it, whatever the other pieces hold.
///
/// Cutting a file frees its room, so that later bytes are elsewhere: they cannot be there without the cut.
fn write_pieces(durable: &mut Image, object: Object, effects: &[(&Effect, bool)], choices: &mut dyn Choices) {
    let end = effects.iter().map(|(effect, _)| end_of(effect)).max().unwrap_or(0);
    let piece = end.div_ceil(PIECES).next_multiple_of(SECTOR);
    let pieces = if piece == 0 { 0 } else { end.div_ceil(piece) };
    let nothing_written = effects.iter().all(|(effect, kept)| !effect.is_write() || !kept);
    let last = effects.iter().position(|(effect, kept)| is_cut(effect) && !kept).unwrap_or(effects.len());
    // For each piece, the effects before this one are in it.
    let limits: Vec<usize> = (0..pieces)
        .map(|index| {
            let touching: Vec<usize> =
                (0..last).filter(|at| touches(effects[*at].0, index * piece, (index + 1) * piece)).collect();
            if nothing_written {
                return 0;
            }
            let lost = choices.choose(touching.len() as u64 + 1, "power cut: writes lost from this piece");
            let kept = touching.len() - usize::try_from(lost).unwrap_or(0).min(touching.len());
            touching.get(kept).copied().unwrap_or(last)
        })
        .collect();
    let whole = effects.iter().rev().find(|(effect, kept)| *kept && !effect.is_write());
    if let Some(content) = durable.content_mut(object) {
        let before = content.length();
        for (at, (effect, kept)) in effects.iter().enumerate() {
            match effect {
                Effect::Inode { cut: Some(cut), .. } if *kept => {
                    content.set_length((*cut).min(content.length()))
                }
                Effect::Write { offset, bytes, .. } => {
                    let reached = |place: usize| limits.get(place / piece).is_some_and(|limit| at < *limit);
                    write_where(content, *offset, bytes, reached);
                }
                _ => {}
            }
        }
        // Without its metadata a file is as long as it was, whatever was written behind its end.
        if whole.is_none() {
            content.set_length(before);
        }
    }
    // The last metadata that was kept holds all the earlier.
    if let Some((effect, _)) = whole {
        effect.apply(durable);
    }
}

/// Writes the bytes whose place is among those that were reached, sector by sector.
fn write_where(content: &mut Content, start: u64, from: &[u8], reached: impl Fn(usize) -> bool) {
    let start = usize::try_from(start).unwrap_or(usize::MAX);
    let end = start + from.len();
    let mut at = start;
    while at < end {
        let next = ((at / SECTOR + 1) * SECTOR).min(end);
        if reached(at) {
            content.write(at as u64, &from[at - start..next - start]);
        }
        at = next;
    }
}

/// A journal that stores bytes before the length that covers them: a file ends where its written bytes end, and never holds zeros
/// that nobody wrote.
fn write_in_order(
    durable: &mut Image,
    object: Object,
    effects: &[(&Effect, bool)],
    choices: &mut dyn Choices,
) {
    let writes = effects.iter().filter(|(effect, kept)| *kept && effect.is_write()).count() as u64;
    let mut left = writes - choices.choose(writes + 1, "power cut: writes lost from the end of this file");
    let mut complete = true;
    for (effect, _) in effects.iter().filter(|(_, kept)| *kept) {
        let Some(node) = durable.get_mut(object) else { return };
        match (effect, &mut node.body) {
            (Effect::Write { offset, bytes, .. }, Body::File(content)) => {
                complete = complete && left > 0;
                if complete {
                    left -= 1;
                    content.write(*offset, bytes);
                }
            }
            (Effect::Inode { attributes, cut, .. }, Body::File(content)) if !complete => {
                let shorter = cut.map_or(content.length(), |cut| cut.min(content.length()));
                content.set_length(shorter);
                attributes.give(node);
            }
            _ => effect.apply(durable),
        }
    }
}

fn end_of(effect: &Effect) -> usize {
    match effect {
        Effect::Write { offset, bytes, .. } => usize::try_from(*offset).unwrap_or(0) + bytes.len(),
        _ => 0,
    }
}

fn is_cut(effect: &Effect) -> bool {
    matches!(effect, Effect::Inode { cut: Some(_), .. })
}

fn touches(effect: &Effect, start: usize, end: usize) -> bool {
    match effect {
        Effect::Write { offset, bytes, .. } => {
            let from = usize::try_from(*offset).unwrap_or(usize::MAX);
            from < end && from + bytes.len() > start
        }
        _ => false,
    }
}
