"""Pages and news: content that an office writes itself, made of blocks, in three languages, published by the clock.

For editors, who write and publish; team leaders, who propose; translators, who keep the languages together;
and everybody who reads. States: private → pending → scheduled → published → withdrawn.
"""
