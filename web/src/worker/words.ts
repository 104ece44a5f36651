/**
 * What a notification says, by kind, in the device's language. The realm sends no text: only a kind, and a name if the
 * person chose to be shown names. They are here and not among the app's texts, for the worker is one file by itself.
 */

export const SPOKEN = ['en', 'fr', 'zh'] as const;
export type Spoken = (typeof SPOKEN)[number];

interface Text {
  /** Without a name. */
  plain: string;
  /** With the name of who did it; `{name}` is in it. */
  named?: string;
  /** Of several; `{count}` is in it. */
  many?: string;
}

export const KINDS = [
  'message', 'request', 'follow', 'follow_accepted', 'follow_request', 'like', 'repost', 'heart', 'pin', 'comment',
  'reply', 'mention', 'activity', 'clip_ready', 'clip_failed', 'digest', 'opened', 'emergency', 'other',
] as const;
export type Kind = (typeof KINDS)[number];

export const WORDS: Record<Spoken, Record<Kind, Text>> = {
  en: {
    message: { plain: 'New message', named: 'New message from {name}', many: '{count} new messages' },
    request: { plain: 'Somebody new would like to write to you', named: '{name} would like to write to you' },
    follow: { plain: 'You have a new follower', named: '{name} follows you', many: 'You have {count} new followers' },
    follow_accepted: { plain: 'You may follow somebody now', named: '{name} lets you follow them' },
    follow_request: { plain: 'Somebody asks to follow you', named: '{name} asks to follow you', many: '{count} people ask to follow you' },
    like: { plain: 'Somebody likes your clip', named: '{name} likes your clip', many: '{count} new likes for your clip' },
    repost: { plain: 'Your clip was passed on', named: '{name} passed your clip on', many: 'Your clip was passed on {count} times' },
    heart: { plain: 'Your comment got a heart', named: '{name} gave your comment a heart' },
    pin: { plain: 'Your comment was pinned', named: '{name} pinned your comment' },
    comment: { plain: 'New comment on your clip', named: '{name} commented on your clip', many: '{count} new comments on your clip' },
    reply: { plain: 'Your comment was answered', named: '{name} answered you', many: '{count} answers to you' },
    mention: { plain: 'You were mentioned', named: '{name} mentioned you', many: 'You were mentioned {count} times' },
    activity: { plain: 'News from your friends', named: 'News from {name}' },
    clip_ready: { plain: 'Your clip is out' },
    clip_failed: { plain: 'Your clip could not be prepared' },
    digest: { plain: 'Your day is summed up', many: 'Your day: {count} new things' },
    opened: { plain: 'Staff reached for your data: see when and why' },
    emergency: { plain: 'An emergency was declared' },
    other: { plain: 'There is something new for you' },
  },
  fr: {
    message: { plain: 'Nouveau message', named: 'Nouveau message de {name}', many: '{count} nouveaux messages' },
    request: { plain: 'Quelqu’un de nouveau aimerait vous écrire', named: '{name} aimerait vous écrire' },
    follow: { plain: 'Quelqu’un vous suit désormais', named: '{name} vous suit', many: '{count} personnes de plus vous suivent' },
    follow_accepted: { plain: 'Vous pouvez désormais suivre quelqu’un', named: '{name} vous laisse suivre son compte' },
    follow_request: { plain: 'Quelqu’un demande à vous suivre', named: '{name} demande à vous suivre', many: '{count} personnes demandent à vous suivre' },
    like: { plain: 'Quelqu’un aime votre clip', named: '{name} aime votre clip', many: '{count} nouveaux j’aime pour votre clip' },
    repost: { plain: 'Votre clip a été relayé', named: '{name} a relayé votre clip', many: 'Votre clip a été relayé {count} fois' },
    heart: { plain: 'Votre commentaire a reçu un cœur', named: '{name} a mis un cœur à votre commentaire' },
    pin: { plain: 'Votre commentaire a été épinglé', named: '{name} a épinglé votre commentaire' },
    comment: { plain: 'Nouveau commentaire sur votre clip', named: '{name} a commenté votre clip', many: '{count} nouveaux commentaires sur votre clip' },
    reply: { plain: 'On a répondu à votre commentaire', named: '{name} vous a répondu', many: '{count} réponses pour vous' },
    mention: { plain: 'On vous a mentionné', named: '{name} vous a mentionné', many: 'On vous a mentionné {count} fois' },
    activity: { plain: 'Des nouvelles de vos amis', named: 'Des nouvelles de {name}' },
    clip_ready: { plain: 'Votre clip est sorti' },
    clip_failed: { plain: 'Votre clip n’a pas pu être préparé' },
    digest: { plain: 'Le résumé de votre journée', many: 'Votre journée : {count} nouveautés' },
    opened: { plain: 'Le personnel a eu recours à vos données : voyez quand et pourquoi' },
    emergency: { plain: 'Une urgence a été déclarée' },
    other: { plain: 'Il y a du nouveau pour vous' },
  },
  zh: {
    message: { plain: '新消息', named: '{name} 发来新消息', many: '{count} 条新消息' },
    request: { plain: '有人想给你写信', named: '{name} 想给你写信' },
    follow: { plain: '有人关注了你', named: '{name} 关注了你', many: '新增 {count} 位关注者' },
    follow_accepted: { plain: '你的关注请求已获同意', named: '{name} 同意了你的关注请求' },
    follow_request: { plain: '有人请求关注你', named: '{name} 请求关注你', many: '{count} 人请求关注你' },
    like: { plain: '有人喜欢你的短片', named: '{name} 喜欢你的短片', many: '你的短片新增 {count} 个喜欢' },
    repost: { plain: '你的短片被转发', named: '{name} 转发了你的短片', many: '你的短片被转发 {count} 次' },
    heart: { plain: '你的评论得到一颗心', named: '{name} 给你的评论一颗心' },
    pin: { plain: '你的评论被置顶', named: '{name} 置顶了你的评论' },
    comment: { plain: '你的短片有新评论', named: '{name} 评论了你的短片', many: '你的短片有 {count} 条新评论' },
    reply: { plain: '有人回复了你', named: '{name} 回复了你', many: '{count} 条给你的回复' },
    mention: { plain: '有人提到了你', named: '{name} 提到了你', many: '你被提到 {count} 次' },
    activity: { plain: '朋友有新动态', named: '{name} 有新动态' },
    clip_ready: { plain: '你的短片已发布' },
    clip_failed: { plain: '你的短片未能处理完成' },
    digest: { plain: '你这一天的小结', many: '你这一天：{count} 件新事' },
    opened: { plain: '工作人员调用了你的数据：查看时间和原因' },
    emergency: { plain: '已宣布紧急情况' },
    other: { plain: '有新的内容给你' },
  },
};
