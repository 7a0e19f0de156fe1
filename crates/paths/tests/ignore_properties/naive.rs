//! The ignore list as slowly and plainly as it can be written: text is expanded, and every way to match is tried.

/// A part of an expanded pattern.
#[derive(Clone, Debug, PartialEq)]
enum Token {
    Literal(char),
    One,
    Run,
    Path,
    Set { negated: bool, members: Vec<(char, bool)> },
}

/// Whether the list ignores the path, and whether it may be deleted. The list must be legal and have no instructions.
pub fn decide(list: &str, fold_case: bool, path: &str) -> (bool, bool) {
    let mut seen = Vec::new();
    for line in list.lines().map(str::trim) {
        if line.is_empty() || line.starts_with("//") || seen.contains(&line) {
            continue;
        }
        seen.push(line);
        let (mut negated, mut deletable, mut fold) = (false, false, false);
        let mut rest = line;
        loop {
            if rest.starts_with('!') && !negated {
                negated = true;
                rest = &rest[1..];
            } else if rest.starts_with("(?i)") && !fold {
                fold = true;
                rest = &rest[4..];
            } else if rest.starts_with("(?d)") && !deletable {
                deletable = true;
                rest = &rest[4..];
            } else {
                break;
            }
        }
        let (pattern, path) =
            if fold || fold_case { (lower(rest), lower(path)) } else { (rest.to_owned(), path.to_owned()) };
        if pattern_matches(&pattern, &path) {
            return (!negated, !negated && deletable);
        }
    }
    (false, false)
}

/// Enough for the characters in use here.
fn lower(text: &str) -> String {
    text.to_lowercase()
}

fn pattern_matches(pattern: &str, path: &str) -> bool {
    let (stem, tails): (&str, &[&str]) = match pattern {
        _ if pattern.ends_with("/**") => (&pattern[..pattern.len() - 3], &["/**"]),
        _ if pattern.ends_with('/') => (&pattern[..pattern.len() - 1], &["/**"]),
        _ => (pattern, &["", "/**"]),
    };
    let path_characters: Vec<char> = path.chars().collect();
    tails.iter().any(|tail| {
        let ended = closed(stem) + tail;
        let forms = match () {
            () if ended.starts_with('/') => vec![ended[1..].to_owned()],
            () if ended.starts_with("**/") => vec![ended.clone(), ended[3..].to_owned()],
            () => vec![ended.clone(), format!("**/{ended}")],
        };
        let plainly =
            |form: &String| expanded(form).iter().any(|tokens| tokens_match(tokens, &path_characters));
        forms.iter().any(plainly) || ends_shared(&forms[0], tail, forms.len() == 1, path)
    })
}

/// The text with its open groups closed. An escape at the end must not escape the brace that closes.
fn closed(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    let (mut at, mut depth) = (0, 0);
    while at < characters.len() {
        match characters[at] {
            '\\' if at + 1 == characters.len() && depth > 0 => {
                return text[..text.len() - 1].to_owned() + &"}".repeat(depth);
            }
            '\\' => at += 1,
            '[' => at += set_end(&characters[at..]),
            '{' => depth += 1,
            '}' if depth > 0 => depth -= 1,
            _ => {}
        }
        at += 1;
    }
    text.to_owned() + &"}".repeat(depth)
}

/// How far behind a `[` its `]` is.
fn set_end(characters: &[char]) -> usize {
    let mut at = 1;
    while characters[at] != ']' {
        at += if characters[at] == '\\' { 2 } else { 1 };
    }
    at
}

/// All patterns without groups that the text stands for.
fn expanded(text: &str) -> Vec<Vec<Token>> {
    let characters: Vec<char> = text.chars().collect();
    let (patterns, used) = sequence(&characters, 0, false);
    assert_eq!(used, characters.len(), "{text}");
    patterns
}

fn sequence(characters: &[char], mut at: usize, in_group: bool) -> (Vec<Vec<Token>>, usize) {
    let mut all = vec![Vec::new()];
    while at < characters.len() {
        let next = characters.get(at + 1).copied();
        let (endings, used) = match characters[at] {
            ',' | '}' if in_group => break,
            '\\' => (next.map_or(vec![vec![]], |next| vec![vec![Token::Literal(next)]]), 2),
            '*' if next == Some('*') => (vec![vec![Token::Path]], 2),
            '*' => (vec![vec![Token::Run]], 1),
            '?' => (vec![vec![Token::One]], 1),
            '[' => {
                let end = set_end(&characters[at..]);
                (vec![vec![set(&characters[at + 1..at + end])]], end + 1)
            }
            '{' => {
                let mut alternatives = Vec::new();
                let mut end = at;
                while end == at || characters[end] == ',' {
                    let (more, stop) = sequence(characters, end + 1, true);
                    alternatives.extend(more);
                    end = stop;
                }
                (alternatives, end + 1 - at)
            }
            literal => (vec![vec![Token::Literal(literal)]], 1),
        };
        all = all.iter().flat_map(|one| endings.iter().map(move |end| [&one[..], end].concat())).collect();
        at = (at + used).min(characters.len());
    }
    (all, at)
}

fn set(inside: &[char]) -> Token {
    let negated = inside.first() == Some(&'!');
    let mut members = Vec::new();
    let mut rest = inside[usize::from(negated)..].iter();
    while let Some(character) = rest.next() {
        match character {
            '\\' => members.extend(rest.next().map(|next| (*next, true))),
            _ => members.push((*character, false)),
        }
    }
    Token::Set { negated, members }
}

fn tokens_match(tokens: &[Token], path: &[char]) -> bool {
    let Some((token, others)) = tokens.split_first() else { return path.is_empty() };
    let takes_one = |accepts: bool| accepts && tokens_match(others, &path[1..]);
    match token {
        Token::Run | Token::Path => {
            let across = *token == Token::Path;
            let most = path.iter().take_while(|character| across || **character != '/').count();
            (0..=most).any(|count| tokens_match(others, &path[count..]))
        }
        _ if path.is_empty() => false,
        Token::Literal(literal) => takes_one(path[0] == *literal),
        Token::One => takes_one(path[0] != '/'),
        Token::Set { negated, members } => {
            let among = match members[..] {
                [(first, _), ('-', false), (last, _)] => (first..=last).contains(&path[0]),
                _ => members.iter().any(|(member, _)| *member == path[0]),
            };
            takes_one(path[0] != '/' && among != *negated)
        }
    }
}

/// `text**more` without other wildcards: both texts may share characters.
fn ends_shared(form: &str, tail: &str, rooted: bool, path: &str) -> bool {
    let glob = form.strip_suffix(tail).unwrap_or(form);
    let glob = if rooted { glob } else { glob.strip_prefix("**/").unwrap_or(glob) };
    let has_group = glob.replace("\\\\", "").replace("\\{", "").contains('{');
    let patterns = expanded(glob);
    let ([tokens], false) = (&patterns[..], has_group) else { return false };
    let is_literal = |token: &&Token| matches!(token, Token::Literal(_));
    let text = |tokens: &[Token]| -> String {
        tokens
            .iter()
            .map(|token| if let Token::Literal(character) = token { *character } else { '*' })
            .collect()
    };
    let before = tokens.iter().take_while(is_literal).count();
    let stars = tokens[before..].iter().take_while(|token| matches!(token, Token::Path | Token::Run)).count();
    let across = tokens[before..before + stars].contains(&Token::Path);
    let after = &tokens[before + stars..];
    if !across || !after.iter().all(|token| matches!(token, Token::Literal(_))) {
        return false;
    }
    let (before, after) = (text(&tokens[..before]), text(after));
    let begins = path.match_indices('/').map(|(at, _)| at + 1).filter(|_| !rooted).chain([0]);
    let ends: Vec<usize> =
        path.match_indices('/').map(|(at, _)| at).chain((tail.is_empty()).then_some(path.len())).collect();
    begins.into_iter().any(|begin| {
        ends.iter().any(|end| {
            let part = path.get(begin..*end).unwrap_or_default();
            !part.is_empty() && part.starts_with(&before) && part.ends_with(&after)
        })
    })
}
