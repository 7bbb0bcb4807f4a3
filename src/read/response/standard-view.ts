import { z } from 'zod';
import { Comment, CommentAuthor, Reply } from '../../instagram/comment.ts';
import { InstagramOwner, MediaAsset } from '../../instagram/media.ts';
import { CommentsData, MediaData } from './data.ts';

const Author = CommentAuthor.pick({ id: true, username: true, isVerified: true });
const withoutLinks = { permalink: true, owner: true } as const;

const StandardReply = Reply.omit(withoutLinks).extend({ owner: Author }).meta({ id: 'StandardReply' });

const StandardComment = Comment.omit({ ...withoutLinks, replies: true })
  .extend({ owner: Author, replies: z.array(StandardReply).optional() })
  .meta({ id: 'StandardComment' });

const StandardAsset = MediaAsset.omit({ thumbnailUrl: true, width: true, height: true }).meta({ id: 'StandardAsset' });

/** A post without what only a page that shows it needs: avatars, thumbnails, sizes and a second copy of the slides. */
export const StandardMedia = MediaData.omit({ url: true, children: true, owner: true, media: true, comments: true })
  .extend({
    owner: InstagramOwner.omit({ avatarUrl: true, isPrivate: true }),
    media: z.array(StandardAsset),
    comments: z.array(StandardComment).optional().meta({ description: 'Only when requested.' }),
  })
  .meta({ id: 'StandardMedia' });

/** Comments without avatars and permalinks. */
export const StandardComments = CommentsData.omit({ comments: true })
  .extend({ comments: z.array(StandardComment) })
  .meta({ id: 'StandardComments' });

export function standardMedia(full: z.infer<typeof MediaData>): z.infer<typeof StandardMedia> {
  const {
    url: _url,
    children: _children,
    comments,
    owner: { avatarUrl: _avatarUrl, isPrivate: _isPrivate, ...owner },
    ...post
  } = full;
  const media = full.media.map(({ thumbnailUrl: _thumbnailUrl, width: _width, height: _height, ...asset }) => asset);
  return { ...post, owner, media, ...(comments === undefined ? {} : { comments: comments.map(standardComment) }) };
}

export function standardComments(full: z.infer<typeof CommentsData>): z.infer<typeof StandardComments> {
  return { ...full, comments: full.comments.map(standardComment) };
}

function standardComment({ replies, ...comment }: Comment): z.infer<typeof StandardComment> {
  return { ...standardReply(comment), ...(replies === undefined ? {} : { replies: replies.map(standardReply) }) };
}

function standardReply({ permalink: _permalink, owner: { id, username, isVerified }, ...rest }: Reply): z.infer<typeof StandardReply> {
  return { ...rest, owner: { id, username, isVerified } };
}
