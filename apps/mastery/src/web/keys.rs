//! The key of the service: signs cookies and form tokens, so that both survive a restart and nothing of them is stored.

use std::fmt;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

/// The file in the data directory. Whoever can read it can take any session over.
const FILE: &str = "cookie.key";

/// A secret of 256 bits, and what it vouches for.
#[derive(Clone)]
pub struct Keys([u8; 32]);

impl Keys {
    /// A new key that nobody keeps: cookies end with the program.
    pub fn random() -> Self {
        Self(rand::random())
    }

    /// The key in the data directory; made at the first start, readable by its owner only.
    ///
    /// # Errors
    ///
    /// The file cannot be read or written, or is no key.
    pub fn in_dir(dir: &Path) -> io::Result<Self> {
        let path = dir.join(FILE);
        let named = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", path.display()));
        match File::open(&path) {
            Ok(file) => read(file).map_err(named),
            Err(error) if error.kind() == io::ErrorKind::NotFound => write(dir, &path).map_err(named),
            Err(error) => Err(named(error)),
        }
    }

    /// What teachers show to build quizzes, run them and see results. As secret as the key, and changed with it.
    pub fn teacher_token(&self) -> String {
        self.sign("teacher", "")
    }

    /// Vouches for `text`, for one purpose: 64 hexadecimal digits.
    pub(super) fn sign(&self, purpose: &str, text: &str) -> String {
        hex(&self.mac(purpose, text).finalize().into_bytes())
    }

    /// Whether this is the signature. Takes the same time wherever the first difference is.
    pub(super) fn verify(&self, purpose: &str, text: &str, signature: &str) -> bool {
        unhex(signature).is_some_and(|bytes| self.mac(purpose, text).verify_slice(&bytes).is_ok())
    }

    fn mac(&self, purpose: &str, text: &str) -> Hmac<Sha256> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("a MAC takes keys of any length");
        // The zero byte keeps ("a", "bc") and ("ab", "c") apart: no purpose has one.
        mac.update(purpose.as_bytes());
        mac.update(&[0]);
        mac.update(text.as_bytes());
        mac
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(..)")
    }
}

/// 128 random bits as 32 hexadecimal digits.
pub(super) fn nonce() -> String {
    hex(&rand::random::<[u8; 16]>())
}

/// Two digits for each byte.
pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The bytes of hexadecimal digits; none if it is something else.
pub(super) fn unhex(digits: &str) -> Option<Vec<u8>> {
    let nibble = |digit: u8| char::from(digit).to_digit(16).map(|nibble| nibble as u8);
    let pairs = digits.as_bytes().chunks(2);
    pairs
        .map(|pair| match pair {
            [high, low] => Some(nibble(*high)? << 4 | nibble(*low)?),
            _ => None,
        })
        .collect()
}

fn read(mut file: File) -> io::Result<Keys> {
    let mut key = [0; 32];
    file.read_exact(&mut key)
        .map_err(|_| io::Error::other("this is no key: remove the file to have a new one made"))?;
    Ok(Keys(key))
}

/// Written under another name first: a key that is half there after a power cut would end every session.
fn write(dir: &Path, path: &Path) -> io::Result<Keys> {
    let keys = Keys::random();
    let draft = dir.join(format!("{FILE}.{}", nonce()));
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    file.write_all(&keys.0)?;
    file.sync_all()?;
    fs::rename(&draft, path)?;
    Ok(keys)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_outlives_the_program_and_is_its_owners_alone() {
        let dir = tempfile::tempdir().unwrap();
        let signature = Keys::in_dir(dir.path()).unwrap().sign("a", "text");
        assert!(Keys::in_dir(dir.path()).unwrap().verify("a", "text", &signature));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(dir.path().join(FILE)).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
        fs::write(dir.path().join(FILE), "short").unwrap();
        assert!(Keys::in_dir(dir.path()).unwrap_err().to_string().contains("is no key"));
    }

    #[test]
    fn signature_holds_for_one_text_one_purpose_and_one_key() {
        let keys = Keys::random();
        let signature = keys.sign("a", "text");
        assert!(keys.verify("a", "text", &signature));
        for (purpose, text) in [("b", "text"), ("a", "texT"), ("at", "ext")] {
            assert!(!keys.verify(purpose, text, &signature));
        }
        assert!(!Keys::random().verify("a", "text", &signature));
        for wrong in ["", "0", "zz", &signature[1..], "é"] {
            assert!(!keys.verify("a", "text", wrong), "{wrong}");
        }
    }
}
