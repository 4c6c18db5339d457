//! Who is told of registrations.

use crate::{
    gen_server::{Address, HandleInfo},
    pid::Pid,
    process::Recipient,
};
use std::{
    fmt, mem,
    sync::{Arc, Mutex, PoisonError},
};

/// What a [`Listener`] is told.
///
/// # OTP
///
/// `{register, Registry, Key, Pid, Value}` and `{unregister, Registry, Key, Pid}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RegistryEvent<K, V = ()> {
    /// A process has registered a key; the row is there already.
    Register {
        /// The name of the registry.
        registry: Arc<str>,
        /// The key.
        key: K,
        /// Who registered.
        pid: Pid,
        /// The value.
        value: V,
    },
    /// A process has unregistered a key, whether it had rows under it or not.
    Unregister {
        /// The name of the registry.
        registry: Arc<str>,
        /// The key.
        key: K,
        /// Who unregistered.
        pid: Pid,
    },
}

/// One who is told of registrations: a [`Recipient`], or whoever is at an address at the time.
///
/// It is told by the process that registers, right after the row is there; so it has the events of one process in
/// order. It is *not* told when rows go because their process ended: whoever wants to know that monitors it. If it is
/// not there itself, nobody minds.
///
/// ```
/// use perennial::{prelude::*, registry::{Listener, Options, RegistryEvent}};
///
/// struct Audit;
/// impl GenServer for Audit {
///     type Args = ();
///     async fn init(_: (), _: &mut Cx<Self>) -> Result<Self, InitError> {
///         Ok(Self)
///     }
/// }
/// impl HandleInfo<RegistryEvent<String>> for Audit {
///     async fn handle_info(&mut self, event: RegistryEvent<String>, _: &mut Cx<Self>) -> NoReply {
///         println!("{event:?}");
///         noreply()
///     }
/// }
///
/// const AUDIT: Name<Audit> = Name::new("audit");
/// let options: Options<String> = Options { listeners: vec![Listener::at(AUDIT)], ..Options::default() };
/// ```
///
/// # OTP
///
/// The option `listeners` of `Registry.start_link/1`. Differs: to register while a listener is not there is no error.
pub struct Listener<K, V = ()>(Arc<Tell<K, V>>);

/// The listeners of a registry that runs.
pub(super) struct Listeners<K, V>(Option<Mutex<Told<K, V>>>);

/// Who is told of an event.
type Told<K, V> = Arc<[Listener<K, V>]>;

impl<K, V> Listeners<K, V> {
    pub(super) fn new(listeners: Vec<Listener<K, V>>) -> Self {
        Self((!listeners.is_empty()).then(|| Mutex::new(listeners.into())))
    }

    /// Those who are to be told of what is about to be done; none if there are none.
    #[inline]
    pub(super) fn get(&self) -> Option<Told<K, V>> {
        Some(self.0.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// The registry has ended: nobody is told any more.
    pub(super) fn close(&self) -> Option<Told<K, V>> {
        let listeners = self.0.as_ref()?;
        Some(mem::replace(&mut listeners.lock().unwrap_or_else(PoisonError::into_inner), Arc::new([])))
    }
}

type Tell<K, V> = dyn Fn(&Arc<str>, &K, Pid, Option<&V>) + Send + Sync;

impl<K: Clone + Send + 'static, V: Clone + Send + 'static> Listener<K, V> {
    /// Whoever is at `address` at the time of the event, such as a [`Name`](crate::gen_server::Name).
    pub fn at<A>(address: A) -> Self
    where
        A: Address<Server: HandleInfo<RegistryEvent<K, V>>> + Send + 'static,
    {
        Self(Arc::new(move |registry, key, pid, value| address.send(event(registry, key, pid, value))))
    }
}

impl<K, V> Listener<K, V> {
    pub(super) fn tell(&self, registry: &Arc<str>, key: &K, pid: Pid, registered: Option<&V>) {
        (self.0)(registry, key, pid, registered);
    }
}

impl<K: Clone + Send + 'static, V: Clone + Send + 'static> From<Recipient<RegistryEvent<K, V>>>
    for Listener<K, V>
{
    fn from(recipient: Recipient<RegistryEvent<K, V>>) -> Self {
        Self(Arc::new(move |registry, key, pid, value| {
            // An error says that it has ended.
            let _ = recipient.send(event(registry, key, pid, value));
        }))
    }
}

fn event<K: Clone, V: Clone>(
    registry: &Arc<str>,
    key: &K,
    pid: Pid,
    registered: Option<&V>,
) -> RegistryEvent<K, V> {
    let (registry, key) = (registry.clone(), key.clone());
    match registered {
        Some(value) => RegistryEvent::Register { registry, key, pid, value: value.clone() },
        None => RegistryEvent::Unregister { registry, key, pid },
    }
}

impl<K, V> Clone for Listener<K, V> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<K, V> fmt::Debug for Listener<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Listener(..)")
    }
}
