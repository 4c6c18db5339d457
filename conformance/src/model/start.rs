//! Starting what a child specification describes.

use std::sync::Arc;

use super::Outside;
use super::dynamic_sup::Dynamic;
use super::registry::Table;
use super::static_sup::Static;
use super::world::{Body, Id, Known, World};
use crate::observation::Event;
use crate::reason::Reason;
use crate::scenario::{
    Action, ChildSpec, ChildStart, Command, Ending, InitAction, Name, Plan, RegistrySpec, ServerSpec,
    StartAction, SupervisorSpec,
};
use crate::value::Value;

/// What came of a start.
#[derive(Clone, Debug)]
pub(super) enum Started {
    Running(Id),
    /// The start function returned an extra info.
    WithInfo(Id, Value),
    Ignored,
    Failed(Reason),
}

impl Started {
    pub(super) fn running(&self) -> Option<Id> {
        match self {
            Self::Running(id) | Self::WithInfo(id, _) => Some(*id),
            Self::Ignored | Self::Failed(_) => None,
        }
    }
}

impl World {
    /// Calls the start function of a child, in its supervisor. `argument` is the extra one of a dynamic supervisor.
    pub(super) fn start_child(
        &mut self,
        sup: Id,
        spec: &ChildSpec,
        argument: Option<&Value>,
    ) -> Known<Started> {
        // A plain start is not counted.
        let attempt = if spec.plan == Plan::default() { 1 } else { self.attempt(&spec.base) };
        let plan = spec.plan.nth(attempt);
        if plan.action != StartAction::Ok {
            self.log(Event::Attempt(spec.base.clone()));
        }
        if !plan.sleep.is_zero() {
            return Err(Outside("a start that takes time".into()));
        }
        match &plan.action {
            StartAction::Ok => self.launch(sup, spec, argument),
            StartAction::Info(info) => Ok(match self.launch(sup, spec, argument)? {
                Started::Running(id) => Started::WithInfo(id, info.clone()),
                // Such a start function knows nothing else than success.
                _ => Started::Failed(Reason::Crash),
            }),
            StartAction::Ignore => Ok(Started::Ignored),
            StartAction::Error(reason) | StartAction::Exit(reason) => Ok(Started::Failed(reason.clone())),
            StartAction::BadReturn => Ok(Started::Failed(Reason::Atom("bad".into()))),
            StartAction::Raise => Ok(Started::Failed(Reason::Crash)),
            StartAction::Throw(_) => Err(Outside("a start function that throws".into())),
        }
    }

    fn launch(&mut self, sup: Id, spec: &ChildSpec, argument: Option<&Value>) -> Known<Started> {
        let (base, name) = (spec.base.as_str(), spec.name.as_ref());
        match &spec.start {
            ChildStart::Server(server) => {
                let mut server = server.as_ref().clone();
                if let Some(argument) = argument {
                    server.state = Value::List(vec![argument.clone(), server.state]);
                }
                self.start_server(Some(sup), base, name, &server)
            }
            ChildStart::Supervisor(spec) => self.start_supervisor(sup, base, spec),
            ChildStart::Registry(spec) => self.start_registry(sup, base, spec),
            ChildStart::Agent(action) => self.start_agent(sup, base, name, action),
            ChildStart::Task(action) => self.start_task(sup, base, action),
            ChildStart::Bare(spec) => {
                let id = self.start_bare(Some(sup), base, spec.trap_exit);
                Ok(Started::Running(id))
            }
        }
    }

    /// Starts a test server, linked to its parent if it has one.
    pub(super) fn start_server(
        &mut self,
        parent: Option<Id>,
        base: &str,
        name: Option<&Name>,
        spec: &ServerSpec,
    ) -> Known<Started> {
        if let Some(holder) = self.holder(name)? {
            return Ok(Started::Failed(self.already_started(holder)?));
        }
        let body = Body::Server { spec: Box::new(spec.clone()), state: spec.state.clone() };
        let id = self.spawn(body, parent);
        self.take_name(id, name)?;
        self.processes[id].traps = spec.trap_exit;
        let number = self.draw(id, base);
        let label = self.label(id)?;
        self.log(Event::Init(label));
        for (registry, key, value) in &spec.registers {
            let registered = self.tables.get_mut(registry).map(|table| table.register(key, id, value));
            if registered != Some(Ok(())) {
                return self.failed_init(id, Reason::Crash);
            }
        }
        let plan = spec.init.nth(number);
        if !plan.sleep.is_zero() {
            return Err(Outside("an init that takes time".into()));
        }
        match &plan.action {
            InitAction::Ok => Ok(Started::Running(id)),
            InitAction::Ignore => self.die(id, Reason::Normal).map(|()| Started::Ignored),
            InitAction::Raise => self.failed_init(id, Reason::Crash),
            InitAction::BadReturn => self.failed_init(id, Reason::bad_return_value()),
            InitAction::Stop(reason) | InitAction::Exit(reason) => self.failed_init(id, reason.clone()),
            InitAction::Continue(command) => self.continued(id, command),
            InitAction::Timeout(_) => Err(Outside("a time-out".into())),
        }
    }

    fn continued(&mut self, id: Id, command: &Command) -> Known<Started> {
        self.run_continue(id, Some(command))?;
        // It has been answered for already; whether the supervisor goes on before it ends is open.
        if self.is_alive(id) { Ok(Started::Running(id)) } else { Err(Outside("a continue that ends".into())) }
    }

    fn failed_init(&mut self, id: Id, reason: Reason) -> Known<Started> {
        self.die(id, reason.clone())?;
        Ok(Started::Failed(reason))
    }

    /// Starts a supervisor, linked to its parent. It has a label when that has succeeded.
    pub(super) fn start_supervisor(
        &mut self,
        parent: Id,
        base: &str,
        spec: &SupervisorSpec,
    ) -> Known<Started> {
        let (name, body) = match spec {
            SupervisorSpec::Supervisor(spec) => (&spec.name, Body::Static(Static::new(spec))),
            SupervisorSpec::Dynamic(spec) => (&spec.name, Body::Dynamic(Dynamic::new(spec))),
            SupervisorSpec::Task(spec) => (&spec.name, Body::Dynamic(Dynamic::of_tasks(spec))),
            SupervisorSpec::Partition(_) => return Err(Outside("partition supervisors".into())),
        };
        if let Some(holder) = self.holder(name.as_ref())? {
            return Ok(Started::Failed(self.already_started(holder)?));
        }
        let id = self.spawn(body, Some(parent));
        self.processes[id].traps = true;
        self.take_name(id, name.as_ref())?;
        if let SupervisorSpec::Supervisor(spec) = spec {
            let children = spec.children.iter().cloned().map(Arc::new).collect();
            if let Err(reason) = self.start_children(id, children)? {
                self.die(id, reason.clone())?;
                return Ok(Started::Failed(reason));
            }
        }
        self.draw(id, base);
        Ok(Started::Running(id))
    }

    pub(super) fn start_registry(&mut self, parent: Id, base: &str, spec: &RegistrySpec) -> Known<Started> {
        if self.tables.contains_key(&spec.name) || !spec.listeners.is_empty() {
            return Err(Outside("a registry with listeners, or one that is there".into()));
        }
        let id = self.spawn(Body::Registry, Some(parent));
        self.tables.insert(spec.name.clone(), Table::new(spec.keys));
        self.draw(id, base);
        Ok(Started::Running(id))
    }

    pub(super) fn start_task(&mut self, parent: Id, base: &str, action: &Action) -> Known<Started> {
        if !action.wait {
            return Err(Outside("a task that does not wait".into()));
        }
        let id = self.spawn(Body::Task(action.clone()), Some(parent));
        self.processes[id].traps = action.trap_exit;
        self.draw(id, base);
        let label = self.label(id)?;
        self.log(Event::Init(label));
        Ok(Started::Running(id))
    }

    fn start_agent(
        &mut self,
        parent: Id,
        base: &str,
        name: Option<&Name>,
        action: &Action,
    ) -> Known<Started> {
        if action.sleep.is_some() || action.wait || action.trap_exit {
            return Err(Outside("an agent that takes time".into()));
        }
        if let Some(holder) = self.holder(name)? {
            return Ok(Started::Failed(self.already_started(holder)?));
        }
        let id = self.spawn(Body::Agent(Value::Null), Some(parent));
        self.take_name(id, name)?;
        self.draw(id, base);
        let label = self.label(id)?;
        self.log(Event::Init(label));
        match &action.ending {
            Ending::Return(value) => {
                self.processes[id].body = Body::Agent(value.clone());
                Ok(Started::Running(id))
            }
            Ending::Exit(reason) => self.failed_init(id, reason.clone()),
            Ending::Raise => self.failed_init(id, Reason::Crash),
            Ending::Throw(_) => Err(Outside("an agent that throws".into())),
        }
    }

    pub(super) fn start_bare(&mut self, parent: Option<Id>, base: &str, traps: bool) -> Id {
        let id = self.spawn(Body::Bare, parent);
        self.processes[id].traps = traps;
        let number = self.draw(id, base);
        self.log(Event::Init(format!("{base}#{number}")));
        id
    }

    /// Who has the name already.
    fn holder(&self, name: Option<&Name>) -> Known<Option<Id>> {
        match name {
            None => Ok(None),
            Some(Name::Local(name)) => Ok(self.named(name)),
            Some(Name::Via { registry, key, .. }) => match self.tables.get(registry) {
                Some(table) if table.is_unique() => Ok(table.holder(key)),
                _ => Err(Outside("a name in a registry that has none to give".into())),
            },
        }
    }

    fn take_name(&mut self, id: Id, name: Option<&Name>) -> Known<()> {
        match name {
            None => {}
            Some(Name::Local(name)) => self.processes[id].name = Some(name.clone()),
            Some(Name::Via { registry, key, value }) => {
                let table = self.tables.get_mut(registry).expect("its holder was looked for");
                table.register(key, id, value).expect("nobody holds it");
            }
        }
        Ok(())
    }

    pub(super) fn already_started(&self, holder: Id) -> Known<Reason> {
        Ok(Reason::tagged("already_started", Reason::Atom(self.label(holder)?)))
    }
}
