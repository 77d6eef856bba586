//! Users who may call beside those whom the server was started with. They use streams; what is the
//! system's, and the log as a whole, is for members of `$admins`.

use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tonic::{Request, Response, Status};

use super::{
    access::{Caller, Users},
    proto::users::{
        ChangePasswordReq, ChangePasswordResp, CreateReq, CreateResp, DeleteReq, DeleteResp,
        DetailsReq, DetailsResp, DisableReq, DisableResp, EnableReq, EnableResp, ResetPasswordReq,
        ResetPasswordResp, UpdateReq, UpdateResp,
        details_resp::{UserDetails, user_details::DateTime},
        users_server::Users as Service,
    },
    register::{Entry, Person, Register},
    status,
    streams::Answers,
};

pub(super) struct UsersService {
    /// Those of the options, who cannot be changed by calls.
    pub fixed: Users,
    pub register: Arc<Register>,
}

/// Bytes of a name or password, and names of groups.
const LONGEST: usize = 256;
const GROUPS: usize = 64;

#[tonic::async_trait]
impl Service for UsersService {
    type DetailsStream = Answers<DetailsResp>;

    async fn create(&self, request: Request<CreateReq>) -> Result<Response<CreateResp>, Status> {
        Caller::of(&request)?.administers()?;
        let options = request.into_inner().options.unwrap_or_default();
        let login_name = options.login_name;
        self.changeable(&login_name)?;
        if login_name.is_empty() || login_name.contains(|c: char| c == ':' || c.is_control()) {
            return Err(Status::invalid_argument("the login name is empty or holds a colon"));
        }
        within(&login_name, &options.full_name, &options.groups)?;
        let password = self.register.keep(password(options.password)?).await?;
        let (full_name, groups) = (options.full_name, options.groups);
        let person = Person { login_name, full_name, groups, disabled: false, password };
        self.register.add(&person).await?;
        Ok(Response::new(CreateResp {}))
    }

    async fn update(&self, request: Request<UpdateReq>) -> Result<Response<UpdateResp>, Status> {
        Caller::of(&request)?.administers()?;
        let options = request.into_inner().options.unwrap_or_default();
        let mut entry = self.entry(&options.login_name).await?;
        within(&options.login_name, &options.full_name, &options.groups)?;
        if !options.password.is_empty() {
            entry.person.password = self.register.keep(password(options.password)?).await?;
        }
        entry.person.full_name = options.full_name;
        entry.person.groups = options.groups;
        self.register.change("$UserUpdated", &entry).await?;
        Ok(Response::new(UpdateResp {}))
    }

    async fn delete(&self, request: Request<DeleteReq>) -> Result<Response<DeleteResp>, Status> {
        Caller::of(&request)?.administers()?;
        let name = request.into_inner().options.unwrap_or_default().login_name;
        self.entry(&name).await?;
        self.register.remove(&name).await?;
        Ok(Response::new(DeleteResp {}))
    }

    async fn disable(&self, request: Request<DisableReq>) -> Result<Response<DisableResp>, Status> {
        Caller::of(&request)?.administers()?;
        let name = request.into_inner().options.unwrap_or_default().login_name;
        self.turn(&name, true).await?;
        Ok(Response::new(DisableResp {}))
    }

    async fn enable(&self, request: Request<EnableReq>) -> Result<Response<EnableResp>, Status> {
        Caller::of(&request)?.administers()?;
        let name = request.into_inner().options.unwrap_or_default().login_name;
        self.turn(&name, false).await?;
        Ok(Response::new(EnableResp {}))
    }

    async fn details(
        &self,
        request: Request<DetailsReq>,
    ) -> Result<Response<Answers<DetailsResp>>, Status> {
        let caller = Caller::of(&request)?;
        let name = request.into_inner().options.unwrap_or_default().login_name;
        if name.is_empty() || caller.name() != name {
            caller.administers()?;
        }
        if !name.is_empty() {
            let told = details(self.found(&name).await?);
            return Ok(Response::new(stream::iter([Ok(told)]).boxed()));
        }
        let register = Arc::clone(&self.register);
        let all = stream::iter(self.register.names().await?).filter_map(move |name| {
            let register = Arc::clone(&register);
            async move { register.find(&name).await.transpose().map(|found| found.map(details)) }
        });
        Ok(Response::new(Box::pin(all)))
    }

    async fn change_password(
        &self,
        request: Request<ChangePasswordReq>,
    ) -> Result<Response<ChangePasswordResp>, Status> {
        let caller = Caller::of(&request)?;
        let options = request.into_inner().options.unwrap_or_default();
        if caller.name() != options.login_name {
            caller.administers()?;
        }
        let mut entry = self.entry(&options.login_name).await?;
        if !self.register.is(&entry.person, password(options.current_password)?).await? {
            return Err(status::denied());
        }
        entry.person.password = self.register.keep(password(options.new_password)?).await?;
        self.register.change("$PasswordChanged", &entry).await?;
        Ok(Response::new(ChangePasswordResp {}))
    }

    async fn reset_password(
        &self,
        request: Request<ResetPasswordReq>,
    ) -> Result<Response<ResetPasswordResp>, Status> {
        Caller::of(&request)?.administers()?;
        let options = request.into_inner().options.unwrap_or_default();
        let mut entry = self.entry(&options.login_name).await?;
        entry.person.password = self.register.keep(password(options.new_password)?).await?;
        self.register.change("$PasswordChanged", &entry).await?;
        Ok(Response::new(ResetPasswordResp {}))
    }
}

impl UsersService {
    fn changeable(&self, name: &str) -> Result<(), Status> {
        if self.fixed.name(name) { Err(status::user_fixed(name)) } else { Ok(()) }
    }

    async fn found(&self, name: &str) -> Result<Entry, Status> {
        self.register.find(name).await?.ok_or_else(|| status::user_missing(name))
    }

    /// One who may be changed.
    async fn entry(&self, name: &str) -> Result<Entry, Status> {
        self.changeable(name)?;
        self.found(name).await
    }

    async fn turn(&self, name: &str, disabled: bool) -> Result<(), Status> {
        let mut entry = self.entry(name).await?;
        if entry.person.disabled == disabled {
            return Ok(());
        }
        entry.person.disabled = disabled;
        self.register.change("$UserUpdated", &entry).await
    }
}

fn password(said: String) -> Result<String, Status> {
    if said.is_empty() || said.len() > LONGEST {
        let text = format!("a password has 1 to {LONGEST} bytes");
        return Err(Status::invalid_argument(text));
    }
    Ok(said)
}

fn within(login: &str, full: &str, groups: &[String]) -> Result<(), Status> {
    let long = |text: &str| text.len() > LONGEST;
    if long(login) || long(full) || groups.len() > GROUPS || groups.iter().any(|it| long(it)) {
        let text = format!("names have at most {LONGEST} bytes, users at most {GROUPS} groups");
        return Err(Status::invalid_argument(text));
    }
    Ok(())
}

fn details(Entry { person, since, .. }: Entry) -> DetailsResp {
    // Of 100 ns each.
    let ticks_since_epoch = i64::try_from(since).unwrap_or(i64::MAX).saturating_mul(10_000);
    let last_updated = DateTime { ticks_since_epoch };
    let user_details = UserDetails {
        login_name: person.login_name,
        full_name: person.full_name,
        groups: person.groups,
        last_updated: Some(last_updated),
        disabled: person.disabled,
    };
    DetailsResp { user_details: Some(user_details) }
}
