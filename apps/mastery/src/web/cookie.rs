//! Cookies: who a browser is, and which sessions it may answer in.
//!
//! | cookie | value | says |
//! |---|---|---|
//! | `session-<id>` | numbers, 128 random bits, and a signature | this browser may act in session `<id>` |
//! | `visitor` | 128 random bits | ties a form to the browser it was sent to, see [`super::page`] |
//! | `result` | hexadecimal text | what became of the last answer; shown once |

use axum::http::{HeaderMap, HeaderValue, header};

use super::keys::{Keys, nonce};
use crate::facade::sessions::SessionRef;
use crate::store::records::{RunId, SessionId, StudentId};

/// For how long a browser keeps its sessions: 30 days.
const MAX_AGE: u32 = 30 * 24 * 60 * 60;

/// The value of a cookie in a request. Of two with one name the first counts, as browsers send it.
pub(super) fn get<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
    lines
        .flat_map(|line| line.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(key, value)| (key == name).then_some(value))
}

/// A `Set-Cookie` line. No script sees it, and no other site's form sends it. `value` is of letters and digits.
pub(super) fn set(name: &str, value: &str, max_age: u32, is_secure: bool) -> HeaderValue {
    let secure = if is_secure { "; Secure" } else { "" };
    let line = format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(line).expect("names and values are of letters, digits, hyphens and dots")
}

/// The cookie that is the authority in a session from now on.
pub(super) fn for_session(keys: &Keys, to: SessionRef, is_secure: bool) -> HeaderValue {
    let text = format!("{}.{}.{}.{}", to.session, to.run, to.student, nonce());
    let signature = keys.sign("session", &text);
    set(&name(to.session), &format!("{text}.{signature}"), MAX_AGE, is_secure)
}

/// The session of this id, if the request may act in it.
pub(super) fn session(keys: &Keys, headers: &HeaderMap, session: SessionId) -> Option<SessionRef> {
    let (text, signature) = get(headers, &name(session))?.rsplit_once('.')?;
    if !keys.verify("session", text, signature) {
        return None;
    }
    let mut numbers = text.split('.').map_while(|number| number.parse::<i64>().ok());
    let mut next = || numbers.next();
    let found = SessionRef { session: SessionId(next()?), run: RunId(next()?), student: StudentId(next()?) };
    // The name of a cookie is not signed: a value that was moved to another name opens nothing.
    (found.session == session).then_some(found)
}

/// The visitor in the request, if it is one of ours.
pub(super) fn visitor(headers: &HeaderMap) -> Option<&str> {
    get(headers, "visitor").filter(|value| value.len() == 32 && value.bytes().all(|b| b.is_ascii_hexdigit()))
}

/// Makes a new visitor's cookie.
pub(super) fn for_visitor(visitor: &str, is_secure: bool) -> HeaderValue {
    set("visitor", visitor, MAX_AGE, is_secure)
}

fn name(session: SessionId) -> String {
    format!("session-{session}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(set_cookie: &HeaderValue) -> HeaderMap {
        let pair = set_cookie.to_str().unwrap().split(';').next().unwrap();
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, format!("a=b; {pair}; c").parse().unwrap());
        headers
    }

    const SEVEN: SessionRef = SessionRef { session: SessionId(7), run: RunId(2), student: StudentId(3) };

    #[test]
    fn a_session_cookie_opens_its_session_and_no_other() {
        let keys = Keys::random();
        let cookie = for_session(&keys, SEVEN, false);
        let headers = request(&cookie);
        assert_eq!(session(&keys, &headers, SessionId(7)), Some(SEVEN));
        assert_eq!(session(&keys, &headers, SessionId(8)), None);
        assert_eq!(session(&Keys::random(), &headers, SessionId(7)), None);
        // The same value under another session's name, and another number under the same signature.
        for (old, new) in [("session-7", "session-8"), ("=7.", "=8."), (".2.", ".1.")] {
            let stolen = request(&cookie.to_str().unwrap().replace(old, new).parse().unwrap());
            assert_eq!(session(&keys, &stolen, SessionId(8)), None);
            assert!(old == "session-7" || session(&keys, &stolen, SessionId(7)).is_none());
        }
        assert_eq!(session(&keys, &HeaderMap::new(), SessionId(7)), None);
    }

    #[test]
    fn cookies_are_out_of_reach_of_scripts_and_other_sites() {
        let line = for_session(&Keys::random(), SEVEN, true);
        for attribute in ["; Path=/;", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
            assert!(line.to_str().unwrap().contains(attribute), "{line:?}");
        }
    }
}
