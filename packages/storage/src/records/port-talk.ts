import type { Json, Page, Paging } from './port-basics.ts'
import type { Receiver } from './port-content.ts'
import type { Message } from './port-messages.ts'

/** A conversation. `version` counts its changes of membership, so that "the members at this moment" is a number. */
export type Conversation = {
  readonly app: string
  readonly id: string
  readonly serial: number
  readonly type: 'direct' | 'group'
  readonly version: number
  readonly mergedInto: string | null
  /** Ids of the conversations merged into this one, newest first; chains count for the last. */
  readonly mergedFrom: readonly string[]
  readonly name: string | null
  /** The id of the user whom it belongs to, for people; it permits nothing here. */
  readonly owner: string | null
  /** What members and others are shown: picture, description … in names that the app chose. */
  readonly profile: { readonly [name: string]: Json }
  /** What the app keeps with the conversation. */
  readonly metadata: { readonly [name: string]: Json }
  readonly tags: readonly string[]
  /** How users come in by themselves: freely, with the password, or not at all. Servers may always add them. */
  readonly joining: Joining
  /** The hash of the password for joining, in a form that only the caller knows. */
  readonly passwordHash: string | null
  readonly membersCount: number
  readonly createdAt: number
  /** When its details were last written; at first `createdAt`. Members who come and go change nothing here. */
  readonly updatedAt: number
}

/** How users come into a conversation by themselves. */
export type Joining = 'open' | 'password' | 'invited'

/** What a member is to the others; what each may do is for the caller to say. */
export type MemberRole = 'admin' | 'moderator' | 'participant'

/** A member, for as long as they are one. */
export type Member = Receiver & { readonly role: MemberRole; readonly joinedAt: number }

/** A user who is kept out of a conversation. */
export type Ban = Receiver & {
  /** Who did it: a user's id, the id of a key, or null. */
  readonly by: string | null
  readonly at: number
}

/** What is written of a conversation, each part replaced as a whole; undefined leaves what is there (in a new one: null, empty, `invited`). */
export type ConversationDetails = {
  readonly name?: string | null | undefined
  readonly owner?: string | null | undefined
  readonly profile?: { readonly [name: string]: Json } | undefined
  readonly metadata?: { readonly [name: string]: Json } | undefined
  readonly tags?: readonly string[] | undefined
  readonly joining?: Joining | undefined
  readonly passwordHash?: string | null | undefined
}

/** Which conversations a numbered page is about; what is left out narrows nothing. Merged away ones are never among them. */
export type ConversationFilter = {
  readonly type?: 'direct' | 'group' | undefined
  /** Part of the id or the name, in either case. */
  readonly search?: string | undefined
  /** Any of these tags. */
  readonly tags?: readonly string[] | undefined
  /** Any of these. */
  readonly joining?: readonly Joining[] | undefined
  /** Only those that this user is a member of. */
  readonly member?: string | undefined
  /** Without those for the invited alone, but for those that this user is a member of. */
  readonly visibleTo?: string | undefined
}

/** One place of a numbered page, and how many there are in all. */
export type Numbered<T> = { readonly items: readonly T[]; readonly total: number }

/** A conversation in the list of one of its members. */
export type Talk = {
  readonly conversation: Conversation
  /** The newest message that this member may see; null where there is none. */
  readonly lastMessage: Message | null
  /** The members of a direct conversation; empty for a group. */
  readonly members: readonly Receiver[]
}

/** Who came and who did not, each in the order asked for. */
export type Arrival = {
  readonly joined: readonly Receiver[]
  /** Those who were members already. */
  readonly present: readonly Receiver[]
  /** Those who are banned, and so stay out. */
  readonly banned: readonly Receiver[]
}

/**
 * Conversations and their members. Membership is kept as intervals of the conversation's version, so that nothing is written
 * per receiver when something is shared, however many members there are.
 *
 * Deleting one is a change ({@link Change} `conversation`). A ban stands until it is lifted, or its user is deleted: nothing makes a
 * banned user a member, neither a merge nor a change. Everything that adds members creates users who do not exist yet.
 */
export interface Conversations {
  /**
   * Creates, or replaces type, members and the details named; a user who does not exist yet is created (active, no name).
   * Members left out leave at this version, members who stay keep their interval and role. Those who are banned stay out.
   * Members of a conversation that was merged away cannot be changed (answers null).
   */
  put(
    conversation: {
      app: string
      id: string
      type: 'direct' | 'group'
      members: readonly string[]
      at: number
    } & ConversationDetails,
  ): Promise<{
    readonly conversation: Conversation
    readonly created: boolean
    readonly left: readonly Receiver[]
    readonly joined: readonly Receiver[]
  } | null>
  /** Raises `Conflict` (`conversation`) where the id is a conversation's, merged away or not, and `Missing` without the app. */
  create(
    conversation: {
      app: string
      id: string
      type: 'direct' | 'group'
      members: readonly { readonly user: string; readonly role?: MemberRole }[]
      at: number
    } & ConversationDetails,
  ): Promise<Conversation>
  /**
   * The one direct conversation that belongs to two users as they are now (twice the same: to one alone), made under `id` where there
   * is none yet. Both are members again, whoever had left. Answers null where one of the two is no user.
   */
  between(conversation: {
    app: string
    id: string
    users: readonly [string, string]
    at: number
  }): Promise<{ readonly conversation: Conversation; readonly joined: readonly Receiver[] } | null>
  /** The same without making one. */
  findBetween(app: string, users: readonly [string, string]): Promise<Conversation | null>
  /** Writes the details named; null without such a conversation. */
  update(app: string, id: string, details: ConversationDetails, at: number): Promise<Conversation | null>
  find(app: string, id: string): Promise<Conversation | null>
  /** Those that are there, each once, in the order asked for. */
  findMany(app: string, ids: readonly string[]): Promise<readonly Conversation[]>
  list(app: string, paging: Paging): Promise<Page<Conversation>>
  /** Numbered pages for people who leaf through: by id, ascending. Takes longer the further back. */
  page(app: string, page: { offset: number; limit: number } & ConversationFilter): Promise<Numbered<Conversation>>
  /**
   * The conversations that a user is a member of, by their last message, newest first; those without any come last. Which message
   * counts as the last one is as in {@link Messages.list} with `visibleTo`; `later` as there.
   */
  ofUser(
    app: string,
    user: string,
    page: {
      offset: number
      limit: number
      type?: 'direct' | 'group' | undefined
      /** Only those in which something was said. */
      spoken?: boolean | undefined
      later?: boolean | undefined
    },
  ): Promise<Numbered<Talk>>
  /** Present members by user id, ascending. */
  members(app: string, id: string, paging: Paging): Promise<Page<Member>>
  /** The same in numbered pages; `search` is part of the user's id or name, in either case. */
  membersPage(
    app: string,
    id: string,
    page: { offset: number; limit: number; roles?: readonly MemberRole[] | undefined; search?: string | undefined },
  ): Promise<Numbered<Member>>
  member(app: string, id: string, user: string): Promise<Member | null>
  /** Of these users those who are members, by user id, in one question. */
  membersAmong(app: string, id: string, users: readonly string[]): Promise<readonly Member[]>
  isMember(app: string, id: string, user: string): Promise<boolean>
  /** Of these conversations those that the user is a member of, with the part played there, in one question. */
  memberships(app: string, user: string, ids: readonly string[]): Promise<ReadonlyMap<string, Member>>
  /**
   * Adds one. Answers the user, and whether that changed anything; null without such a conversation, or for one who is banned.
   * The role of one who is a member already stays.
   */
  addMember(
    app: string,
    id: string,
    user: string,
    at: number,
    role?: MemberRole,
  ): Promise<{ readonly member: Receiver; readonly changed: boolean } | null>
  /** Adds many at one version, each with a role (`participant`); the roles of those present stay. Null without such a conversation. */
  addMembers(
    app: string,
    id: string,
    members: readonly { readonly user: string; readonly role?: MemberRole }[],
    at: number,
  ): Promise<Arrival | null>
  /** Removes one; null where there is no such conversation or member. */
  removeMember(app: string, id: string, user: string, at: number): Promise<Receiver | null>
  /** Of these users those whose access here was taken away by leaving, and not given back since. */
  cutOff(app: string, id: string, users: readonly Receiver[]): Promise<readonly Receiver[]>
  /** True where there is such a member. */
  setRole(app: string, id: string, user: string, role: MemberRole): Promise<boolean>
  /**
   * Makes a member an admin and the owner, both or neither. False where the conversation is not there or merged away, or this very user, by
   * serial, is no member at that moment.
   */
  handOver(app: string, id: string, to: Receiver, at: number): Promise<boolean>
  /**
   * Removes users, members or not, and keeps them out, all in one step. A ban that stands already stays as it was. Answers those who are
   * banned now, and those of them who were members; whoever is no user is in neither. Null where there is no such conversation.
   */
  ban(
    app: string,
    id: string,
    ban: { users: readonly string[]; by: string | null; at: number },
  ): Promise<{ readonly banned: readonly Receiver[]; readonly left: readonly Receiver[] } | null>
  /** Lifts a ban; who was banned is no member by that. True where there was one. */
  unban(app: string, id: string, user: string): Promise<boolean>
  isBanned(app: string, id: string, user: string): Promise<boolean>
  /** Who is kept out, by user id, ascending. */
  bans(app: string, id: string, paging: Paging): Promise<Page<Ban>>
  /** The same in numbered pages; `search` is part of the user's id or name, in either case. */
  bansPage(
    app: string,
    id: string,
    page: { offset: number; limit: number; search?: string | undefined },
  ): Promise<Numbered<Ban>>
  /**
   * Merges `from` into `id`: its members join the survivor, its attachments keep their paths and receivers.
   * Null where one of the two is not there, is merged away already, or both are the same.
   */
  merge(app: string, id: string, from: string, at: number): Promise<Conversation | null>
}
