//! What most programs use: `use perennial::prelude::*`.

pub use crate::{
    agent::Agent,
    child_spec::{ChildId, ChildSpec, ChildType, Restart, Shutdown, StartError, StartResult},
    dynamic_supervisor::DynamicSupervisor,
    exit_reason::{CallError, ExitReason, OrExit},
    gen_server::{
        self, Address, Caller, Cx, GenServer, HandleCall, HandleCallFrom, HandleCast, HandleContinue,
        HandleInfo, InitError, Name, NoReply, Reply, ServerRef, noreply, reply, stop, stop_reply,
    },
    gen_state_machine::{
        self, EnterCx, EventCx, GenStateMachine, HandleCallEvent, HandleEvent, StateMachine, Transition,
        keep_state, next_state, repeat_state, stop_and_reply,
    },
    node::Node,
    partition_supervisor::PartitionSupervisor,
    pid::Pid,
    process::{self, Down, Exit, Inbox, Recipient, Timeout},
    registry::{Keys, RegistryName, Via},
    supervisor::{Strategy, Supervisor},
    task::{self, Task, TaskSupervisor},
};
