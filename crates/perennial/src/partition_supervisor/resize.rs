//! Changing the number of partitions.

use crate::{
    child_spec::{ChildId, StartError},
    gen_server::{Address, ServerRef},
    partition_supervisor::{PartitionSupervisor, ResizeError, table},
    supervisor::{RestartChildError, Supervisor, TerminateChildError},
};

impl<S, A: Address<Server = Supervisor>> PartitionSupervisor<S, A> {
    /// Divides keys among so many partitions from now on: from none up to as many as it was started with. Returns
    /// among how many it was before.
    ///
    /// To have more, it starts those that are missing, and only when they run keys are routed to them. To have fewer,
    /// it first stops routing to those that are too many, and then stops them, the last one first; their specifications
    /// are kept. No state moves: a key whose partition is another one now finds what that one has. Of several who resize
    /// at the same time one does after the other.
    ///
    /// With another strategy than [`OneForOne`](crate::supervisor::Strategy::OneForOne), the restart of a partition also
    /// starts those that were stopped. They run, nobody is routed to them, and the next `resize` stops them.
    ///
    /// # Errors
    ///
    /// See [`ResizeError`]. If a partition does not start, the number is what it was, and those that were started
    /// before it are stopped again.
    ///
    /// # Cancel safety
    ///
    /// Not cancel safe: if the future is dropped, there may be more partitions that run than are routed to. The next
    /// `resize` puts that right.
    ///
    /// # OTP
    ///
    /// `PartitionSupervisor.resize!/2`. Differs: what raises there is an `Err` here; one that fails leaves nothing
    /// behind; a partition that runs already is no failure.
    #[doc(alias = "PartitionSupervisor.resize!/2")]
    pub async fn resize(&self, partitions: usize) -> Result<usize, ResizeError> {
        // Once: what follows is about this incarnation, and its successor has a table of its own.
        let supervisor = self.resolve()?;
        let table = table::of(&supervisor)?;
        let _resizing = table.resizing.lock().await;
        let before = table.partitions();
        if partitions > table.max() {
            return Err(ResizeError::TooMany(table.max()));
        }
        if partitions <= before {
            table.set_partitions(partitions);
            // All that are too many, not only those that were routed to: others may run, see above.
            stop(&supervisor, partitions, table.max()).await?;
        }
        for partition in before..partitions {
            if let Err(error) = start(&supervisor, partition).await {
                stop(&supervisor, before, partition).await?;
                return Err(error);
            }
        }
        table.set_partitions(partitions);
        Ok(before)
    }
}

async fn start(supervisor: &ServerRef<Supervisor>, partition: usize) -> Result<(), ResizeError> {
    match Supervisor::restart_child(supervisor, ChildId::new(partition)).await {
        Ok(_) | Err(RestartChildError::Running | RestartChildError::Restarting) => Ok(()),
        // It is as down as one that asked not to run when all were started.
        Err(RestartChildError::Start(StartError::Ignore)) => Ok(()),
        Err(RestartChildError::Start(error)) => Err(ResizeError::Start { partition, error }),
        Err(RestartChildError::NotFound) => Err(ResizeError::Forgotten { partition }),
        Err(RestartChildError::Call(error)) => Err(ResizeError::Call(error)),
    }
}

/// Stops partitions, the last one first.
async fn stop(supervisor: &ServerRef<Supervisor>, from: usize, to: usize) -> Result<(), ResizeError> {
    for partition in (from..to).rev() {
        match Supervisor::terminate_child(supervisor, ChildId::new(partition)).await {
            Ok(()) | Err(TerminateChildError::NotFound) => {}
            Err(TerminateChildError::Call(error)) => return Err(ResizeError::Call(error)),
        }
    }
    Ok(())
}
