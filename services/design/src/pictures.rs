//! The calls about artwork, and what badges need to know of it.

use auth::Permission;
use bytes::Bytes;
use design_domain::{ArtworkId, InvalidArtworkId, MediaType};
use kernel::{Class, TenantId};
use proto::design::v1 as wire;
use runtime::{BlobError, Digest, call, input, status};
use tonic::{Request, Status};

use crate::{
    artwork::{self, ArtworkRejection},
    badge,
    grpc::Service,
};

pub(crate) async fn store(
    service: &Service,
    call: Request<wire::StoreArtworkRequest>,
) -> Result<wire::StoreArtworkResponse, Status> {
    let caller = call::colleague(&call)?;
    // Whoever designs for a single issuer needs pictures, too.
    if !caller.grants.iter().any(|grant| grant.role.permits(Permission::DesignBadges)) {
        caller.require(Permission::DesignBadges).map_err(status::denied)?;
    }
    let request = call.into_inner();
    let media_type = media_type(&request.media_type)?;
    let prepared = service.at_easel(move || artwork::prepare(media_type, &request.content)).await?;
    let id = service.keep(caller.tenant, prepared.content).await?;
    let png = match prepared.png {
        Some(png) => service.keep(caller.tenant, png).await?,
        None => id.clone(),
    };
    service.drawn.insert((caller.tenant, id.clone()), png);
    let media_type = prepared.media_type.as_str().to_owned();
    Ok(wire::StoreArtworkResponse {
        artwork: Some(wire::Artwork { id: id.to_string(), media_type }),
    })
}

pub(crate) async fn get_public(
    service: &Service,
    call: Request<wire::GetPublicArtworkRequest>,
) -> Result<wire::GetPublicArtworkResponse, Status> {
    call::consistent(&call, &service.badges).await?;
    let request = call.into_inner();
    let badge = input::id(&request.badge_id, "/badgeId")?;
    let wanted = media_type(&request.media_type)?;
    let (tenant, _, _, version) = badge::published(service, badge, request.version).await?;
    let artwork = version.content.artwork.ok_or_else(status::missing)?;
    let id = match wanted {
        MediaType::Png => artwork.png,
        MediaType::Svg if artwork.media_type == MediaType::Svg => artwork.id,
        MediaType::Svg => return Err(status::missing()),
    };
    let content = service.kept(tenant, &id).await?.ok_or_else(status::missing)?;
    Ok(wire::GetPublicArtworkResponse {
        content: content.to_vec(),
        media_type: wanted.as_str().to_owned(),
        digest: id.to_string(),
    })
}

fn media_type(text: &str) -> Result<MediaType, Status> {
    match text {
        "image/svg+xml" => Ok(MediaType::Svg),
        "image/png" => Ok(MediaType::Png),
        _ => {
            let message = "artwork is image/svg+xml or image/png";
            let path = Some("/mediaType");
            Err(status::rejected("INVALID_INPUT", Class::Invalid, message, path, &[]))
        }
    }
}

impl Service {
    /// What is known of a picture that was stored before: its safe bytes, what they are, its PNG.
    ///
    /// # Errors
    /// `INVALID_ID`, `NOT_FOUND`.
    pub(crate) async fn picture(
        &self,
        tenant: TenantId,
        text: &str,
    ) -> Result<Option<(ArtworkId, MediaType, ArtworkId)>, Status> {
        const PATH: &str = "/content/artworkId";
        if text.is_empty() {
            return Ok(None);
        }
        let id: ArtworkId =
            text.parse().map_err(|error: InvalidArtworkId| status::invalid_id(PATH, &error))?;
        let stored = self.kept(tenant, &id).await?.ok_or_else(status::missing)?;
        if artwork::media_type_of(&stored) == MediaType::Png {
            return Ok(Some((id.clone(), MediaType::Png, id)));
        }
        if let Some(png) = self.drawn.get(&(tenant, id.clone())) {
            return Ok(Some((id, MediaType::Svg, png)));
        }
        let png = self.at_easel(move || artwork::draw(&stored)).await?;
        let png = self.keep(tenant, png).await?;
        self.drawn.insert((tenant, id.clone()), png.clone());
        Ok(Some((id, MediaType::Svg, png)))
    }

    /// Does work on a picture off the async threads, few at a time. A picture that the drawing
    /// library cannot bear is a refusal, not an accident.
    async fn at_easel<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, ArtworkRejection> + Send + 'static,
    ) -> Result<T, Status> {
        let permit = self.easels.clone().acquire_owned().await;
        let permit = permit.map_err(|error| status::unavailable(&error))?;
        let worked = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        let worked = worked.await.unwrap_or_else(|_| {
            let message = "the picture cannot be drawn: simplify it";
            Err(ArtworkRejection::Malformed(message.into()))
        });
        worked.map_err(|rejection| status::of_rejection(&rejection))
    }

    async fn keep(&self, tenant: TenantId, bytes: Vec<u8>) -> Result<ArtworkId, Status> {
        let digest = self.context.stores.blobs.put(tenant, Bytes::from(bytes)).await;
        let digest = digest.map_err(of_blobs)?.to_string();
        digest.parse().map_err(|error: InvalidArtworkId| status::internal(&error))
    }

    async fn kept(&self, tenant: TenantId, id: &ArtworkId) -> Result<Option<Bytes>, Status> {
        let digest: Digest = id
            .as_str()
            .parse()
            .map_err(|error: runtime::InvalidDigest| status::internal(&error))?;
        self.context.stores.blobs.get(tenant, &digest).await.map_err(of_blobs)
    }
}

fn of_blobs(error: BlobError) -> Status {
    match error {
        BlobError::TooLarge => {
            let message = "the picture is too large: simplify it".to_owned();
            status::of_rejection(&ArtworkRejection::TooLarge(message))
        }
        error @ BlobError::Unavailable(_) => status::unavailable(&error),
    }
}
