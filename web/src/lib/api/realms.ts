/** What realms say of themselves and of one another: charter, sites, network, crossings and border. */
import type { components } from './schema';

type Schemas = components['schemas'];

export type Crossing = Schemas['Crossed'];
export type ConsentGiven = Schemas['Consent'];

export type Sites = Schemas['SitesView'];
export type SiteInfo = Schemas['SiteView'];
export type OperatorInfo = Schemas['Operator'];
export type OwnerInfo = Schemas['Owner'];

export type Charter = Schemas['CharterView'];
/** The charter's document: its writer's own words, so nothing of it is taken for granted. */
export type CharterDocument = Charter['document'];
export type Proposal = Schemas['ProposalView'];
export type Adoption = Schemas['Adoption'];

export type Network = Schemas['Directory'];
export type NetworkRealm = Schemas['DirectoryRealm'];

export type Border = Schemas['BorderView'];
export type Peer = Schemas['PeerView'];
export type PeerState = Schemas['PeerChange']['state'];
export type Moved = Schemas['Flow'];
export type BorderCount = Schemas['DayView'];
export type Delivery = Schemas['DeliveryView'];
